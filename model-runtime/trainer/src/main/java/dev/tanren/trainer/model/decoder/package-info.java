/// A decoder as a list of segments, and the segments that families are composed of.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.decoder;
