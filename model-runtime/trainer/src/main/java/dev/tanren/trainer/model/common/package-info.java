/// Parts that decoder families share: fused element-wise loops with their backwards, attention, and
/// memory for activations.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.common;
