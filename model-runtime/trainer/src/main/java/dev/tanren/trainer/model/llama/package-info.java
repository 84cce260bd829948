/// The Llama family: RMSNorm, rotary embeddings, grouped-query attention, SwiGLU. Mistral is of it:
/// Llama with a sliding window.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.llama;
