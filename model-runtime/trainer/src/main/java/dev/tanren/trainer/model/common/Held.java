package dev.tanren.trainer.model.common;

/// Something that takes memory until it is closed.
public interface Held extends AutoCloseable {

    /// Bytes that it takes.
    long bytes();

    @Override
    void close();
}
