/// Which decoder belongs to which family: the one place that knows them all.
package dev.tanren.trainer.model.family;
