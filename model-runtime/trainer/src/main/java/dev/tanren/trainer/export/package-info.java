/// Writes the weights of a checkpoint as what other software loads: a Hugging Face directory and
/// a TorchScript bundle for DJL.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.export;
