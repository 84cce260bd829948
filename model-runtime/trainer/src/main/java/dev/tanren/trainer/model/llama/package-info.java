/// The Llama family: RMSNorm, rotary embeddings, grouped-query attention, SwiGLU.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.llama;
