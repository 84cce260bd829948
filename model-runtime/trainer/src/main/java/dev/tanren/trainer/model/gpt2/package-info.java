/// The GPT-2 family: learned positions, LayerNorm, GELU, biases, weights as `Conv1D` stores them.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.gpt2;
