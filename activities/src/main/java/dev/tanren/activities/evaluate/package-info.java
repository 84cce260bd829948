/// The gate before release: a model measured in the second runtime.
package dev.tanren.activities.evaluate;
