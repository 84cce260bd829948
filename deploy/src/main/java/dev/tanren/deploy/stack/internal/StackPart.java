package dev.tanren.deploy.stack.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A process that the stack consists of.
///
/// @param needs names of the parts that must be ready before this one starts
/// @param port where it listens on the loopback address; null for nowhere
/// @param preparation done once before the first start, beside the start of other parts
/// @param stopSignal what it is asked to end by
/// @param patience how long it may take to end before it is killed
record StackPart(
        String name,
        List<String> needs,
        PartCommand command,
        @Nullable Integer port,
        Probe probe,
        Preparation preparation,
        int stopSignal,
        Duration patience) {

    StackPart {
        needs = List.copyOf(needs);
    }

    /// Idempotent; quick when there is nothing left to do.
    interface Preparation {
        Preparation NONE = () -> {};

        void prepare() throws IOException, InterruptedException;
    }
}
