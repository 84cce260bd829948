/// The safetensors format: a header of 8 bytes of length and JSON, then the tensors' bytes.
///
/// Source: [huggingface/safetensors](https://github.com/huggingface/safetensors), whose Rust
/// implementation is the reference for what is refused and for the bytes that are written.
@NullMarked
package dev.tanren.storage.safetensors;

import org.jspecify.annotations.NullMarked;
