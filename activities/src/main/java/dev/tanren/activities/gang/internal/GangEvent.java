package dev.tanren.activities.gang.internal;

import dev.tanren.launch.Report;
import dev.tanren.plan.error.TanrenException;

/// What happens to a gang, in the order in which its supervisor hears of it.
public sealed interface GangEvent {

    record Reported(Report report) implements GangEvent {}

    record Exited(int rank, int exitCode) implements GangEvent {}

    /// The ranks took more memory than was promised to them.
    record PromiseExceeded(TanrenException error) implements GangEvent {}

    record CommitFailed(TanrenException error) implements GangEvent {}
}
