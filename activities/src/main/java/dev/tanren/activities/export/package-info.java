/// Publishing the weights of a checkpoint.
package dev.tanren.activities.export;
