/// The Mistral family: Llama with a sliding window.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.mistral;
