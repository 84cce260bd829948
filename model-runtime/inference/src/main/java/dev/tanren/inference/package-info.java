/// DJL PyTorch: measures a released model and generates from it, in a runtime that shares no native
/// code with the trainer.
///
/// A DJL bundle is a folder with `model.pt`, a TorchScript module whose `forward` takes token ids,
/// positions and documents (each int64 [batch, sequence]; documents number a block's pieces, -1 is
/// padding, and attention never crosses them) and gives logits (float32 [batch, sequence,
/// vocabulary]), and `tokenizer.json` where the model has a tokenizer.
package dev.tanren.inference;
