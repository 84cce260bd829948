package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.gang.internal.GangLauncher;
import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.memory.MemoryLedger;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Events;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.GangActivities.GangResult;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Gangs that share the memory of one worker.
class GangMemoryTest extends GangTest {

    private static final long MIB = 1L << 20;

    /// By the planner's count a rank of the small plan takes some 380 MiB with what it may be wrong
    /// by: two have no room in this.
    private static final long ROOM_FOR_ONE = 500 * MIB;

    @Test
    void twoGangsThatFitOneAfterTheOtherBothFinishAndNeverRunAtOnce() throws Exception {
        WorkerMemory memory = memory(ROOM_FOR_ONE);
        GangSupervisor worker = supervisor(SETTINGS, memory);
        GangRequest first = request("finishes", 1, 40);
        GangRequest second = request("finishes", 1, 40);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<GangResult> one = threads.submit(() -> worker.run(first, new FakeLease()));
            until(() -> memory.ledger().promisedBytes() > 0);
            Future<GangResult> other = threads.submit(() -> worker.run(second, new FakeLease()));
            until(() -> attempt(second).reason() != null);
            assertThat(attempt(second).reason())
                    .matches("waits for 3\\d\\d MiB of memory; 1\\d\\d MiB are free on the worker");

            assertThat(one.get().finished()).isTrue();
            assertThat(other.get().finished()).isTrue();
        }
        assertThat(memory.ledger().promisedBytes()).isZero();
        assertThat(attempt(first).status()).isEqualTo(AttemptStatus.SUCCEEDED);
        assertThat(attempt(second).status()).isEqualTo(AttemptStatus.SUCCEEDED);
        assertThat(attempt(second).reason()).isEqualTo("step 40 is committed");
        assertThat(attempt(second).firstStepAt()).isAfter(event(first, "attempt.ended").at());
        assertThat(event(second, "attempt.waiting").message())
                .matches(
                        "attempt 1 waits for 3\\d\\d MiB of memory; 1\\d\\d MiB are free on the worker");
    }

    @Test
    void aGangThatIsCancelledWhileItWaitsStartsNoRank() {
        WorkerMemory memory = memory(ROOM_FOR_ONE);
        GangRequest request = request("finishes", 1, 40);
        try (MemoryLedger.Grant _ = memory.ask("another gang", ROOM_FOR_ONE)) {
            GangResult result =
                    supervisor(SETTINGS, memory)
                            .run(request, new FakeLease(0, Lease.State.CANCELLED));

            assertThat(result).isEqualTo(new GangResult(request.work().fencingToken(), false, 0));
        }
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.PAUSED);
        assertThat(types(request)).doesNotContain("attempt.started");
        assertThat(memory.ledger().promisedBytes()).isZero();
    }

    @Test
    void aGangThatTakesMoreThanItWasPromisedMakesWayAndIsPromisedMoreTheNextTime() {
        WorkerMemory memory = memory(1_000 * MIB);
        GangSupervisor worker = supervisor(SETTINGS, memory);
        GangRequest request = request("takes-much", 1, 40);
        try (MemoryLedger.Grant _ = memory.ask("another gang", 600 * MIB)) {
            TanrenException thrown = failure(worker, request, new FakeLease());

            assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_PROMISE_EXCEEDED);
            assertThat(thrown.failureClass()).isEqualTo(FailureClass.PREEMPTED);
            assertThat(attempt(request).failureClass()).isEqualTo("PREEMPTED");
            assertThatNoRankIsLeft(request);
        }

        GangResult again = worker.run(request, new FakeLease());

        assertThat(again.finished()).isTrue();
    }

    @Test
    void aGangThatOutgrowsItsPromiseGoesOnWhereMemoryIsFree() {
        WorkerMemory memory = memory(1_500 * MIB);

        GangResult result =
                supervisor(SETTINGS, memory).run(request("takes-much", 1, 40), new FakeLease());

        assertThat(result.finished()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"IllegalStateException", "NullPointerException", "StackOverflowError"})
    void aLaunchThatEndsInAnUnforeseenWayEndsTheAttemptAndLeavesNoRank(String thrown) {
        WorkerMemory memory = memory(MEMORY);
        GangRequest request = request("goes-on", 2, 5_000);
        GangSupervisor worker =
                supervisor(SETTINGS, memory, launcher(memory, failingAtRankOne(thrown)));

        assertThatThrownBy(() -> worker.run(request, new FakeLease()))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL);
                            assertThat(e.what()).contains(thrown);
                        });

        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.FAILED);
        assertThat(attempt(request).failureClass()).isEqualTo("BUG");
        assertThat(attempt(request).reason()).contains(thrown);
        assertThat(types(request)).contains("attempt.ended");
        assertThat(memory.ledger().promisedBytes()).isZero();
        assertThat(scratch.resolve("gang-" + request.work().fencingToken())).doesNotExist();
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aSupervisorThatFailsWhileRanksRunEndsThemAndTheAttempt() {
        GangRequest request = request("goes-on", 2, 5_000);
        Lease broken =
                new Lease() {
                    private boolean trained;

                    @Override
                    public State state() {
                        if (trained) {
                            trained = false;
                            throw new IllegalStateException("no such state");
                        }
                        return State.HELD;
                    }

                    @Override
                    public void progress(long reached) {
                        trained = reached == 3;
                    }
                };

        assertThat(failure(request, broken).code()).isEqualTo(ErrorCode.INTERNAL);

        assertThat(attempt(request).failureClass()).isEqualTo("BUG");
        assertThat(attempt(request).lastStep()).isGreaterThanOrEqualTo(3);
        assertThatNoRankIsLeft(request);
    }

    private GangLauncher.RankCommand failingAtRankOne(String thrown) {
        return (threads, arguments) -> {
            if (arguments.getFirst().endsWith("rank-1.json")) {
                switch (thrown) {
                    case "IllegalStateException" -> throw new IllegalStateException();
                    case "NullPointerException" -> throw new NullPointerException();
                    default -> throw new StackOverflowError();
                }
            }
            return fakeRank(arguments);
        };
    }

    private Events.Event event(GangRequest request, String type) {
        return registry.events().after(request.work().runId(), 0, 1_000).stream()
                .filter(event -> event.type().equals(type))
                .findFirst()
                .orElseThrow();
    }

    private List<String> types(GangRequest request) {
        return registry.events().after(request.work().runId(), 0, 1_000).stream()
                .map(Events.Event::type)
                .toList();
    }

    private interface Condition {
        boolean holds();
    }

    private static void until(Condition condition) throws InterruptedException {
        while (!condition.holds()) {
            Thread.sleep(10);
        }
    }
}
