package dev.tanren.plan.diagnosis;

/// What a stage's speed depends on first.
public enum Bottleneck {
    /// The arithmetic itself: nothing else holds it up.
    COMPUTE("compute-bound"),
    /// Batches come too late.
    DATA("data-bound"),
    /// Ranks wait for the network.
    COMMUNICATION("communication-bound"),
    /// Ranks wait for one that computes more slowly than they do.
    STRAGGLER("straggler"),
    /// Passes over all parameters take long beside the arithmetic on few tokens.
    MEMORY("memory-bound"),
    /// Saving holds up training.
    CHECKPOINT("checkpoint-bound");

    private final String word;

    Bottleneck(String word) {
        this.word = word;
    }

    /// As users read it, such as `data-bound`.
    public String word() {
        return word;
    }
}
