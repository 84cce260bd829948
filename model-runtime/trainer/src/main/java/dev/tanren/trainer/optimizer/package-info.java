/// From a gradient to the next weights: norm, AdamW and learning-rate schedules.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.optimizer;
