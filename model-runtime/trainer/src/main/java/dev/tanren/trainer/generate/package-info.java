/// Texts that a decoder goes on with: choosing tokens, and turning them into text as they come.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.generate;
