package dev.tanren.activities.gang.internal;

import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.memory.MemoryLedger;
import dev.tanren.activities.memory.MemoryWatch;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.planner.MemoryForecast;
import dev.tanren.plan.planner.ProcessMemory;
import dev.tanren.plan.units.ByteSize;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a gang is promised of its worker's memory, and how it waits for it.
///
/// A gang waits in the worker's row. Where another worker has so much free meanwhile, it goes back
/// to the shared queue, though not at once, so that it does not run in circles.
public final class GangMemory {

    private static final Logger LOG = LoggerFactory.getLogger(GangMemory.class);
    private static final Duration TICK = Duration.ofMillis(200);
    private static final Duration BEFORE_GIVEN_BACK = Duration.ofSeconds(30);
    private static final Duration BEFORE_TOLD_AGAIN = Duration.ofSeconds(5);

    private final WorkerMemory memory;
    private final Registry registry;
    private final String worker;
    private final GangRequest request;
    private final GangFailures failures;
    private final int ranks;
    private final long expected;

    /// @param worker id of this worker
    public GangMemory(
            WorkerMemory memory,
            Registry registry,
            String worker,
            GangRequest request,
            TrainingStage stage) {
        this.memory = memory;
        this.registry = registry;
        this.worker = worker;
        this.request = request;
        this.failures = new GangFailures(request);
        this.ranks = stage.parallelism().ranks();
        MemoryForecast forecast =
                MemoryForecast.of(
                        stage,
                        request.work().trainedOn().model().architecture(),
                        request.work().phaseId(),
                        memory.besideDevices());
        // Ranks that can never fit say so themselves, before they take anything.
        this.expected =
                forecast.certainlyExceeds(memory.ledger().totalBytes() / ranks)
                        ? ranks * ProcessMemory.ofIdleRank()
                        : ranks * forecast.promisedBytes();
    }

    /// Waits until the gang's memory is promised.
    ///
    /// @return a grant that is not held yet where the lease was cancelled
    /// @throws TanrenException `WORKER_FULL` where another worker has room; `RANK_PREEMPTED` and
    ///     `CHECKPOINT_STALE_ATTEMPT` as the lease ends
    public Promise await(Lease lease, GangRecorder recorder) {
        MemoryLedger.Grant grant = memory.ask(work(), expected);
        boolean held = false;
        try {
            held = grant.await(Duration.ZERO);
            if (!held) {
                recordWaiting(grant, recorder);
                held = awaitTurn(grant, lease, recorder);
            }
            return new Promise(grant, held);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failures.interrupted();
        } finally {
            if (!held) {
                grant.close();
            }
        }
    }

    /// @param held whether the gang may begin
    public record Promise(MemoryLedger.Grant grant, boolean held) implements AutoCloseable {
        @Override
        public void close() {
            grant.close();
        }
    }

    /// Looks at the ranks from now on.
    public MemoryWatch watch(MemoryLedger.Grant grant, Consumer<GangEvent> events) {
        return MemoryWatch.start(
                memory,
                work(),
                "gang-" + request.work().fencingToken(),
                grant,
                taken ->
                        events.accept(
                                new GangEvent.PromiseExceeded(
                                        failures.promiseExceeded(
                                                "the ranks have "
                                                        + new ByteSize(taken)
                                                        + ", "
                                                        + new ByteSize(grant.bytes())
                                                        + " were promised to them, and only "
                                                        + free()
                                                        + " are free"))));
    }

    /// What a gang fails with that ran out of memory: for good only where it had all there is.
    public TanrenException onceMore(TanrenException error, MemoryWatch watch) {
        if (error.code() != ErrorCode.RANK_OUT_OF_MEMORY || !watch.asksForMore()) {
            return error;
        }
        return failures.promiseExceeded(
                error.what()
                        + " ("
                        + error.where()
                        + "); "
                        + new ByteSize(watch.grant().bytes())
                        + " were promised to the ranks, and they ask for more the next time");
    }

    private boolean awaitTurn(MemoryLedger.Grant grant, Lease lease, GangRecorder recorder)
            throws InterruptedException {
        long giveBack = System.nanoTime() + BEFORE_GIVEN_BACK.toNanos();
        String told = waiting(grant);
        long tellAgain = System.nanoTime() + BEFORE_TOLD_AGAIN.toNanos();
        while (true) {
            switch (lease.state()) {
                case HELD -> {}
                case CANCELLED -> {
                    return false;
                }
                case DRAINING -> throw failures.preempted(request.resumeStep());
                case UNHEARD -> throw failures.unheard(request.resumeStep());
                case LOST -> throw failures.lost();
            }
            if (grant.await(TICK)) {
                return true;
            }
            if (System.nanoTime() > tellAgain && !waiting(grant).equals(told)) {
                told = waiting(grant);
                tellAgain = System.nanoTime() + BEFORE_TOLD_AGAIN.toNanos();
                recorder.stillWaits(told);
            }
            if (System.nanoTime() > giveBack) {
                giveBack = System.nanoTime() + BEFORE_GIVEN_BACK.toNanos();
                refuseWhereAnotherHasRoom(grant.bytes());
            }
        }
    }

    private void recordWaiting(MemoryLedger.Grant grant, GangRecorder recorder) {
        recorder.waits(
                worker,
                waiting(grant),
                Map.of(
                        "worker",
                        worker,
                        "neededBytes",
                        grant.bytes(),
                        "freeBytes",
                        memory.ledger().freeBytes(),
                        "totalBytes",
                        memory.ledger().totalBytes()));
    }

    private String waiting(MemoryLedger.Grant grant) {
        return "waits for %s of memory; %s are free on the worker"
                .formatted(new ByteSize(grant.bytes()), free());
    }

    private void refuseWhereAnotherHasRoom(long bytes) {
        try {
            boolean room =
                    registry.workers().heardWithin(Workers.SILENCE).stream()
                            .filter(other -> !other.workerId().equals(worker))
                            // One at work may have no slot, and the gang would come back.
                            .filter(other -> other.activity().equals(Workers.Worker.IDLE))
                            .anyMatch(other -> other.freeBytes() >= bytes);
            if (room) {
                throw new TanrenException(
                        ErrorCode.WORKER_FULL,
                        "the gang needs "
                                + new ByteSize(bytes)
                                + " of memory, and only "
                                + free()
                                + " are free here",
                        "worker",
                        "nothing to do: the gang goes to another worker that has so much free");
            }
        } catch (TanrenException e) {
            if (e.failureClass() != FailureClass.STORAGE) {
                throw e;
            }
            LOG.debug("other workers are not known now: {}", e.getMessage());
        }
    }

    /// A phase has processes of its own.
    private String work() {
        return String.join(
                "/", request.work().runId(), request.work().stageId(), request.work().phaseId());
    }

    private ByteSize free() {
        return new ByteSize(memory.ledger().freeBytes());
    }
}
