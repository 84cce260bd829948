package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tanren.activities.lease.Lease;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.planner.Flops;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Metrics;
import dev.tanren.storage.testing.RunProjector;
import dev.tanren.storage.testing.StartedAttempt;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.GangActivities.GangResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Gangs of small real processes, with a real PostgreSQL and a real S3 server.
class GangSupervisorTest extends GangTest {

    @Test
    void aGangOnDevicesOfKnownSpeedRecordsItsUtilisationAndItsZLoss() {
        GangRequest request = request("gpu", 1, 6);

        assertThat(supervisor.run(request, new FakeLease()).finished()).isTrue();

        assertThat(registry.metrics().steps(request.work().runId(), STAGE, 0, 100))
                .isNotEmpty()
                .allSatisfy(
                        step -> {
                            assertThat(step.values().get("zLoss")).isEqualTo(1e-4);
                            // 64 tokens of 16 in 40 ms, in fp32 on an H100.
                            assertThat(step.values().get("mfu"))
                                    .isEqualTo(
                                            64
                                                    / 0.04
                                                    * Flops.perToken(SmallPlans.ARCHITECTURE, 16)
                                                    / 67e12);
                        });
    }

    @Test
    void aGangOnACpuHasNoUtilisation() {
        GangRequest request = request("finishes", 1, 6);

        assertThat(supervisor.run(request, new FakeLease()).finished()).isTrue();

        assertThat(registry.metrics().steps(request.work().runId(), STAGE, 0, 100))
                .isNotEmpty()
                .allSatisfy(step -> assertThat(step.values()).doesNotContainKeys("mfu", "zLoss"));
    }

    @Test
    void aGangThatFinishesHasEveryCheckpointCommittedAndEveryStepRecorded() {
        GangRequest request = request("finishes", 2, 12);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result).isEqualTo(new GangResult(request.work().fencingToken(), true, 12));
        assertThat(registry.checkpoints().list(request.work().runId(), STAGE))
                .extracting(Checkpoints.Row::step)
                .contains(12L, 10L)
                .isSortedAccordingTo((a, b) -> Long.compare(b, a));
        assertThat(registry.metrics().steps(request.work().runId(), STAGE, 0, 100))
                .extracting(Metrics.StepRow::step)
                .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L);
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.SUCCEEDED);
        assertThat(attempt(request).worker()).isEqualTo("worker-under-test");
        assertThat(log(request, 1)).contains("rank 1 speaks");
        assertThat(scratch.resolve("gang-" + request.work().fencingToken())).doesNotExist();
    }

    @Test
    void aKilledRankEndsTheOthersAndIsNamedWithItsSignal() {
        GangRequest request = request("killed", 2, 5_000);

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown).hasMessageContainingAll("rank 1", "SIGKILL");
        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_CRASHED);
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.FAILED);
        assertThat(attempt(request).failureClass()).isEqualTo("RANK_CRASHED");
        assertThat(registry.checkpoints().find(request.work().runId(), STAGE, 5)).isPresent();
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aRankThatCrashesWhenItsWorkIsSavedCostsNoOtherAttempt() {
        GangRequest request = request("crashes-at-its-end", 2, 12);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result).isEqualTo(new GangResult(request.work().fencingToken(), true, 12));
        assertThat(registry.checkpoints().find(request.work().runId(), STAGE, 12)).isPresent();
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.SUCCEEDED);
        assertThat(registry.events().after(request.work().runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("rank.crashed-at-its-end"))
                .singleElement()
                .satisfies(event -> assertThat(event.message()).contains("rank 1", "SIGKILL"));
    }

    @Test
    void aRankThatCrashesAfterItsLastStepButBeforeItIsSavedIsACrash() {
        GangRequest request = request("crashes-before-its-last-save", 2, 12);

        assertThat(failure(request, new FakeLease()).code()).isEqualTo(ErrorCode.RANK_CRASHED);

        assertThat(attempt(request).lastStep()).isEqualTo(12);
        assertThat(attempt(request).failureClass()).isEqualTo("RANK_CRASHED");
        assertThat(registry.checkpoints().list(request.work().runId(), STAGE))
                .extracting(Checkpoints.Row::step)
                .startsWith(10L);
    }

    @Test
    void theCauseIsTheRankThatSaidWhyAndNotTheOneThatLostItsPeer() {
        // The two fail by themselves, and a busy machine may let a second lie between them.
        GangSupervisor patient = supervisor(settings(Duration.ofSeconds(20)));

        assertThat(failure(patient, request("fails", 2, 5_000), new FakeLease()).code())
                .isEqualTo(ErrorCode.TOKEN_SHARD_CORRUPT);
    }

    @Test
    void aStepThatWantsARollbackEndsTheAttemptAndIsLeftOutByTheNext() {
        GangRequest request = request("rolls-back", 2, 5_000);

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.TRAINING_ROLLED_BACK);
        assertThat(thrown.failureClass()).isEqualTo(FailureClass.ANOMALY);
        assertThat(thrown.what()).contains("step 8", "loss is NaN");
        assertThat(thrown.where()).contains("code/16#57");
        assertThat(attempt(request).failureClass()).isEqualTo("ANOMALY");
        assertThat(registry.checkpoints().find(request.work().runId(), STAGE, 5)).isPresent();
        assertThat(registry.events().after(request.work().runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("anomaly.found"))
                .extracting(event -> event.data().get("step"), event -> event.data().get("action"))
                .containsExactly(tuple(8, "ROLLBACK"));
    }

    @Test
    void aStepPastTheLimitAsksForAPerson() {
        assertThat(failure(request("asks", 1, 5_000), new FakeLease()).code())
                .isEqualTo(ErrorCode.TRAINING_NEEDS_PERSON);
    }

    @Test
    void aSkippedStepIsProgressAndItsCheckpointIsCommitted() {
        GangRequest request = request("skips", 1, 12);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result).isEqualTo(new GangResult(request.work().fencingToken(), true, 12));
        assertThat(registry.checkpoints().find(request.work().runId(), STAGE, 10)).isPresent();
        assertThat(registry.events().after(request.work().runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("step.skipped"))
                .extracting(event -> event.data().get("step"))
                .containsExactly(10);
    }

    @Test
    void whatIsMeasuredOfProductsIsAnEventOfTheRun() {
        GangRequest request = request("measures", 1, 2);

        supervisor.run(request, new FakeLease());

        assertThat(registry.events().after(request.work().runId(), 0, 1000))
                .filteredOn(event -> event.type().equals("products.measured"))
                .singleElement()
                .satisfies(
                        event -> {
                            assertThat(event.message()).contains("0.02 times", "slower than");
                            assertThat(event.data()).containsEntry("bf16Gflops", 2.0);
                        });
    }

    @Test
    void aHungGangIsKilledAndItsStacksAreInTheLog() {
        GangRequest request = request("hangs", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_HUNG);
        assertThat(log(request, 0)).contains("Full thread dump", "FakeRank.happens");
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aStepOfAnyLengthIsNotHungAsLongAsTheRankTellsItsProgressAndItsPeerWaits() {
        GangRequest request = request("slow", 2, 12);

        assertThat(supervisor.run(request, new FakeLease()))
                .isEqualTo(new GangResult(request.work().fencingToken(), true, 12));
    }

    @Test
    void aStoppedRankIsNamedWithWhatItWasAtAndItsPeerIsNot() {
        TanrenException thrown = failure(request("one-stops", 2, 5_000), new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_HUNG);
        assertThat(thrown.what())
                .contains("rank 1", "computing step 8, 3 of 4 micro-batches", "T (stopped)")
                .doesNotContain("rank 0");
    }

    @Test
    void ranksThatOnlyWaitForEachOtherAreHung() {
        TanrenException thrown = failure(request("all-wait", 2, 5_000), new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_HUNG);
        assertThat(thrown.what())
                .contains("waited for each other", "rank 0 (last heard waiting for rank 1");
    }

    @Test
    void aPauseWaitsForTheStepThatIsAtWorkHoweverLongItTakes() {
        GangRequest request = request("finishes-its-step-slowly", 1, 5_000);

        GangResult result = supervisor.run(request, new FakeLease(7, Lease.State.CANCELLED));

        assertThat(result.finished()).isFalse();
        assertThat(result.committedStep()).isGreaterThanOrEqualTo(7);
    }

    @Test
    void aGangThatWaitsForTheStoreDoesNotHangAndTheWaitIsAnEvent() {
        GangRequest request = request("waits-for-the-store", 1, 20);

        GangResult result = supervisor.run(request, new FakeLease());

        assertThat(result.finished()).isTrue();
        assertThat(registry.events().after(request.work().runId(), 0, 100))
                .filteredOn(event -> event.type().equals("save.awaited"))
                .singleElement()
                .satisfies(event -> assertThat(event.message()).contains("step 5"));
    }

    /// Steps of a few milliseconds leave no pause between events.
    @Test
    void stepsAreRecordedWhileTheGangGoesOnHoweverFastTheyCome() throws Exception {
        GangRequest request = request("fast", 1, 5_000);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<GangResult> gang =
                    threads.submit(
                            () ->
                                    supervisor.run(
                                            request, new FakeLease(200, Lease.State.CANCELLED)));
            long seen = 0;
            while (seen == 0 && !gang.isDone()) {
                seen = registry.runs().stages(request.work().runId()).getFirst().step();
                Thread.sleep(20);
            }
            assertThat(seen).isBetween(1L, 150L);
            gang.get();
        }
    }

    @Test
    void aCancelledGangSavesTheStepItIsAt() {
        GangRequest request = request("goes-on", 1, 5_000);

        GangResult result = supervisor.run(request, new FakeLease(7, Lease.State.CANCELLED));

        assertThat(result.finished()).isFalse();
        assertThat(result.committedStep()).isGreaterThanOrEqualTo(7);
        assertThat(
                        registry.checkpoints()
                                .find(request.work().runId(), STAGE, result.committedStep()))
                .isPresent();
        assertThat(attempt(request).lastStep()).isEqualTo(result.committedStep());
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.PAUSED);
    }

    @Test
    void aCancelledRunIsNotSavedAgain() {
        GangRequest request = request("goes-on", 1, 5_000);
        new RunProjector(registry).become(request.work().runId(), RunState.CANCELLING);

        GangResult result = supervisor.run(request, new FakeLease(7, Lease.State.CANCELLED));

        assertThat(result.committedStep()).isLessThanOrEqualTo(5);
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.CANCELLED);
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aWorkerThatEndsSavesAndSaysPreempted() {
        GangRequest request = request("goes-on", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease(7, Lease.State.DRAINING));

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_PREEMPTED);
        assertThat(registry.checkpoints().list(request.work().runId(), STAGE).getFirst().step())
                .isGreaterThanOrEqualTo(7);
    }

    @Test
    void aGangThatTemporalDoesNotAnswerSavesAndSaysSo() {
        GangRequest request = request("goes-on", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease(7, Lease.State.UNHEARD));

        assertThat(thrown.code()).isEqualTo(ErrorCode.RANK_PREEMPTED);
        assertThat(thrown.what()).contains("Temporal did not answer");
        assertThat(registry.checkpoints().list(request.work().runId(), STAGE).getFirst().step())
                .isGreaterThanOrEqualTo(7);
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aStaleAttemptCommitsNothingAndItsRanksAreKilled() {
        GangRequest request = request("goes-on", 1, 5_000);
        StartedAttempt.begin(
                registry, request.work().runId(), STAGE, "short", "another worker", 1, 0, "newer");

        TanrenException thrown = failure(request, new FakeLease());

        assertThat(thrown.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        assertThat(registry.checkpoints().list(request.work().runId(), STAGE)).isEmpty();
        assertThatNoRankIsLeft(request);
    }

    @Test
    void aLostLeaseKillsTheRanks() {
        GangRequest request = request("goes-on", 1, 5_000);

        TanrenException thrown = failure(request, new FakeLease(7, Lease.State.LOST));

        assertThat(thrown.code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        assertThatNoRankIsLeft(request);
    }

    @Test
    void ranksDieWithTheirWorker(@TempDir Path folder) throws Exception {
        GangRequest request = request("hangs", 1, 5_000);
        Path launch = folder.resolve("launch.json");
        Files.writeString(launch, Json.write(launch(request, folder)));
        ProcessBuilder command =
                new ProcessBuilder(
                                JAVA.toString(),
                                "-cp",
                                CLASSPATH,
                                ParentProcess.class.getName(),
                                folder.toString(),
                                launch.toString())
                        .inheritIO();
        command.environment()
                .putAll(
                        Map.of(
                                StoreAddress.ACCESS_KEY_VARIABLE, server.accessKey(),
                                StoreAddress.SECRET_KEY_VARIABLE, server.secretKey()));
        Process parent = command.start();
        Path pidFile = folder.resolve("pid");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!Files.exists(pidFile) && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        ProcessHandle rank =
                ProcessHandle.of(Long.parseLong(Files.readString(pidFile))).orElseThrow();
        assertThat(rank.isAlive()).isTrue();

        parent.destroyForcibly().waitFor();

        rank.onExit().get(5, TimeUnit.SECONDS);
        assertThat(rank.isAlive()).isFalse();
    }
}
