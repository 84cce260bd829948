/// Reads what users write, and reports every mistake with its place and its mend.
package dev.tanren.plan.validation;
