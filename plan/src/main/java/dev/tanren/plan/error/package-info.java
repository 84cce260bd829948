/// The one family of coded errors: what was found, where, what was expected and how to mend it.
package dev.tanren.plan.error;
