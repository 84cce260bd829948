package dev.tanren.storage.checkpoint;

/// Asked between the pieces of long work, from the thread that does it.
@FunctionalInterface
public interface StopSignal {

    StopSignal NEVER = () -> {};

    /// Throws to end the work early; what it has recorded so far stays.
    void check();
}
