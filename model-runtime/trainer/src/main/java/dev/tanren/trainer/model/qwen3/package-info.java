/// The Qwen3 family: Llama with norms on queries and keys, and heads of their own size.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.qwen3;
