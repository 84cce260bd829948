/// A model's weights in safetensors files: whether they are those that its configuration asks for.
@org.jspecify.annotations.NullMarked
package dev.tanren.storage.weights;
