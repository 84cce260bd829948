/// Parts that decoder families share: projections, attention, memory for activations, and what the
/// rest of the parts are by whichever operators.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.common;
