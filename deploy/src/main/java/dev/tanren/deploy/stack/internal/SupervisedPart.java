package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.StackStatus.PartState;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// One part under supervision. All but its probe and its preparation run on the supervisor's one
/// thread, which calls [#tick] often.
final class SupervisedPart {

    private static final Duration FIRST_DELAY = Duration.ofMillis(250);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);

    /// A part that ran this long is taken to be sound again.
    private static final Duration SOUND_AFTER = Duration.ofMinutes(1);

    private static final Duration PROBE_UNTIL_READY = Duration.ofMillis(100);
    private static final Duration PROBE_WHEN_READY = Duration.ofSeconds(5);

    /// What has never worked and ended so often will not work at all.
    private static final int FIRST_STARTS = 3;

    private static final Duration FIRST_START_PATIENCE = Duration.ofMinutes(3);

    private final StackPart part;
    private final Path log;
    private final Executor executor;

    private PartState state = PartState.WAITING;
    private Instant since = Instant.now();
    private String detail = "";
    private @Nullable RunningProcess process;
    private @Nullable CompletableFuture<Void> preparation;
    private @Nullable CompletableFuture<Boolean> probe;
    private long nextProbe;
    private long nextStart;
    private long startedAt;
    private int failures;
    private int restarts;
    private boolean everReady;
    private boolean healthy;
    private boolean changed = true;

    SupervisedPart(StackPart part, Path log, Executor executor) {
        this.part = part;
        this.log = log;
        this.executor = executor;
    }

    StackPart part() {
        return part;
    }

    boolean ready() {
        return state == PartState.READY;
    }

    /// Takes over a process that an earlier supervisor left behind.
    void adopt(RunningProcess left) {
        process = left;
        startedAt = System.nanoTime();
        become(PartState.STARTING, "taken over");
    }

    /// Moves on by what has happened since the last call.
    ///
    /// @param needsMet whether all parts that this one needs are ready
    /// @throws TanrenException `STACK_PART_FAILED` when it cannot be started at all
    void tick(boolean needsMet) throws InterruptedException {
        switch (state) {
            case WAITING -> {
                if (prepared() && needsMet) {
                    start();
                }
            }
            case STARTING, READY -> {
                if (process == null || !process.alive()) {
                    ended();
                } else {
                    watch();
                }
            }
            case RESTARTING -> {
                if (needsMet && System.nanoTime() - nextStart >= 0) {
                    restarts++;
                    start();
                }
            }
            case STOPPED -> {}
        }
    }

    private boolean prepared() throws InterruptedException {
        if (preparation == null) {
            preparation = CompletableFuture.runAsync(this::prepare, executor);
        }
        if (!preparation.isDone()) {
            return false;
        }
        try {
            preparation.get();
            return true;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof TanrenException coded) {
                throw coded;
            }
            throw Program.failed(part.name(), "could not be prepared: " + cause, log, cause);
        }
    }

    private void prepare() {
        try {
            part.preparation().prepare();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void start() {
        cancelProbe();
        startedAt = System.nanoTime();
        nextProbe = startedAt;
        try {
            RunningProcess.rotateLog(log);
            process = RunningProcess.start(part.command(), log);
            become(PartState.STARTING, "");
        } catch (IOException e) {
            process = null;
            become(PartState.STARTING, "cannot be started: " + e.getMessage());
        }
    }

    private void ended() {
        cancelProbe();
        String ending = process == null ? detail : process.ending();
        process = null;
        healthy = false;
        boolean sound = state == PartState.READY && ran(SOUND_AFTER);
        failures = sound ? 1 : failures + 1;
        if (!everReady && failures >= FIRST_STARTS) {
            throw Program.failed(part.name(), ending, log, null);
        }
        long delay =
                Math.min(
                        LONGEST_DELAY.toNanos(),
                        FIRST_DELAY.toNanos() << Math.min(failures - 1, 10));
        nextStart = System.nanoTime() + delay;
        become(PartState.RESTARTING, ending);
    }

    private void watch() throws InterruptedException {
        if (probe == null) {
            if (System.nanoTime() - nextProbe >= 0) {
                var identity = Objects.requireNonNull(process).identity();
                probe = CompletableFuture.supplyAsync(() -> part.probe().works(identity), executor);
            }
        } else if (probe.isDone()) {
            probed(resultOf(probe));
            probe = null;
        }
        if (state == PartState.STARTING && !everReady && ran(FIRST_START_PATIENCE)) {
            throw Program.failed(part.name(), "did not become ready in time", log, null);
        }
    }

    private static boolean resultOf(CompletableFuture<Boolean> probe) throws InterruptedException {
        try {
            return probe.get(0, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TanrenException coded) {
                throw coded;
            }
            return false;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private void probed(boolean works) {
        if (works && state == PartState.STARTING) {
            everReady = true;
            become(PartState.READY, "");
        }
        if (works != healthy) {
            healthy = works;
            changed = true;
        }
        Duration pause = works ? PROBE_WHEN_READY : PROBE_UNTIL_READY;
        nextProbe = System.nanoTime() + pause.toNanos();
    }

    private boolean ran(Duration duration) {
        return System.nanoTime() - startedAt > duration.toNanos();
    }

    private void cancelProbe() {
        if (probe != null) {
            probe.cancel(true);
            probe = null;
        }
    }

    /// Asks it to end and waits; kills it when its time is over.
    void stop() {
        cancelProbe();
        if (preparation != null) {
            preparation.cancel(true);
        }
        String how = "";
        if (process != null) {
            how = process.stop(part.stopSignal(), part.patience()) ? "" : "killed";
            process = null;
        }
        healthy = false;
        become(PartState.STOPPED, how);
    }

    private void become(PartState next, String why) {
        state = next;
        detail = why;
        since = Instant.now();
        changed = true;
    }

    /// Whether the status differs from the one last asked for.
    boolean takeChanged() {
        boolean was = changed;
        changed = false;
        return was;
    }

    StackStatus.Part status() {
        return new StackStatus.Part(
                part.name(),
                state,
                process == null ? null : process.identity(),
                part.port(),
                since.toString(),
                restarts,
                healthy,
                detail,
                part.command().fingerprint(),
                log.toString());
    }
}
