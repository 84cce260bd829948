/// What a rank saves and loads: weights, both moments of the optimizer, and the data position.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.checkpoint;
