/// The Qwen2 and Qwen2.5 families: Llama with biases on queries, keys and values.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.qwen2;
