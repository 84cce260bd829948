package dev.tanren.storage.safetensors;

import java.util.List;

/// What a tensor is, without its bytes.
///
/// @param shape no dimension is negative; empty for a scalar
public record TensorInfo(String name, Dtype dtype, List<Long> shape) {

    public TensorInfo {
        shape = List.copyOf(shape);
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException(
                        "tensor " + name + " has a negative dimension: " + shape);
            }
        }
    }

    /// @throws ArithmeticException when it does not fit into 63 bits
    public long elements() {
        long elements = 1;
        for (long dimension : shape) {
            elements = Math.multiplyExact(elements, dimension);
        }
        return elements;
    }

    /// @throws ArithmeticException when it does not fit into 63 bits
    public long bytes() {
        return Math.multiplyExact(elements(), (long) dtype.bytes());
    }
}
