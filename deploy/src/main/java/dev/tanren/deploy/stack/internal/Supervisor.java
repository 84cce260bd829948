package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.StackStatus.Phase;
import dev.tanren.plan.error.TanrenException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// Starts parts in the order of their needs, starts again what ends, and stops all in reverse.
///
/// Guarantee: a part that was ready once is started again, with growing pauses, as long as the
/// supervisor lives. Limit: a part that lives but does not work is reported, not killed.
final class Supervisor {

    private static final Duration TICK = Duration.ofMillis(50);

    private final List<SupervisedPart> parts = new ArrayList<>();
    private final Consumer<Phase> publisher;
    private final AtomicBoolean stopRequested = new AtomicBoolean();

    /// @param publisher is told of every change
    Supervisor(List<StackPart> order, Path logs, Executor executor, Consumer<Phase> publisher) {
        for (StackPart part : order) {
            parts.add(new SupervisedPart(part, logs.resolve(part.name() + ".log"), executor));
        }
        this.publisher = publisher;
    }

    List<StackStatus.Part> status() {
        return parts.stream().map(SupervisedPart::status).toList();
    }

    /// Takes over the living processes of an earlier supervisor that were started by the very same
    /// command, and stops the others: the last started first.
    void takeOver(List<StackStatus.Part> left) {
        for (StackStatus.Part old : left.reversed()) {
            ProcessIdentity identity = old.process();
            if (identity == null) {
                continue;
            }
            Optional<SupervisedPart> heir =
                    parts.stream()
                            .filter(part -> part.part().name().equals(old.name()))
                            .filter(
                                    part ->
                                            part.part()
                                                    .command()
                                                    .fingerprint()
                                                    .equals(old.command()))
                            .findFirst();
            Optional<RunningProcess> process = RunningProcess.adopt(identity);
            if (heir.isPresent()) {
                process.ifPresent(heir.get()::adopt);
            } else {
                process.ifPresent(it -> it.stop(Signals.TERMINATE, Duration.ofSeconds(60)));
            }
        }
    }

    /// Runs until [#requestStop()], then stops all parts.
    ///
    /// @throws TanrenException `STACK_PART_FAILED` when a part cannot be started; all others are
    ///     stopped before it is thrown
    void run() throws InterruptedException {
        Phase phase = Phase.STARTING;
        try {
            while (!stopRequested.get()) {
                boolean changed = false;
                for (SupervisedPart part : parts) {
                    part.tick(needsMet(part));
                    changed |= part.takeChanged();
                }
                if (phase == Phase.STARTING && parts.stream().allMatch(SupervisedPart::ready)) {
                    phase = Phase.RUNNING;
                    changed = true;
                }
                if (changed) {
                    publisher.accept(phase);
                }
                Thread.sleep(TICK);
            }
        } finally {
            stopAll();
        }
    }

    void requestStop() {
        stopRequested.set(true);
    }

    private boolean needsMet(SupervisedPart part) {
        return parts.stream()
                .filter(other -> part.part().needs().contains(other.part().name()))
                .allMatch(SupervisedPart::ready);
    }

    private void stopAll() {
        for (SupervisedPart part : parts.reversed()) {
            publisher.accept(Phase.STOPPING);
            part.stop();
        }
    }
}
