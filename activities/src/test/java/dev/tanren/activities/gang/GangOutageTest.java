package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.activities.gang.internal.GangRecorder;
import dev.tanren.activities.journal.JournalReplay;
import dev.tanren.activities.lease.Lease;
import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.registry.Metrics;
import dev.tanren.storage.testing.StartedAttempt;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What ranks have reported while the database is away.
class GangOutageTest extends GangTest {

    private static final Duration SHORT = Duration.ofMillis(1);

    @TempDir private Path folder;

    @AfterEach
    void databaseIsBack() {
        back();
    }

    @Test
    void whileTheLeaseIsHeldTheEndWaitsForTheDatabase() throws Exception {
        GangRequest request = request("finishes", 1, 40);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                GangRecorder recorder = new GangRecorder(registry, store, folder, request)) {
            away();
            record(recorder);
            Future<?> drained = threads.submit(() -> recorder.drain(new FakeLease(), SHORT));
            Thread.sleep(2_000);
            assertThat(drained.isDone()).isFalse();

            back();
            drained.get();
        }
        assertThatAllIsRecorded(request);
        assertThat(folder).isEmptyDirectory();
        assertThat(store.list("journal/")).isEmpty();
    }

    @Test
    void whatCannotBeRecordedBeforeTheEndIsWrittenByTheNextStartAndOnce() {
        GangRequest request = request("finishes", 1, 40);
        away();
        try (GangRecorder recorder = new GangRecorder(registry, store, folder, request)) {
            record(recorder);
            recorder.drain(new FakeLease(0, Lease.State.DRAINING), SHORT);
        }
        assertThat(folder).isEmptyDirectory();
        assertThat(store.list("journal/")).hasSize(1);
        back();
        assertThat(registry.metrics().steps(request.work().runId(), STAGE, 0, 100)).isEmpty();
        JournalReplay replay = new JournalReplay(registry, store, folder);

        replay.run();

        assertThatAllIsRecorded(request);
        assertThat(store.list("journal/")).isEmpty();
        replay.run();
        assertThatAllIsRecorded(request);
    }

    @Test
    void aGangThatLosesItsLeaseInAnOutageLeavesWhatItDid() {
        GangRequest request = request("goes-on", 1, 5_000);
        Lease lease =
                new Lease() {
                    private volatile boolean lost;

                    @Override
                    public State state() {
                        return lost ? State.LOST : State.HELD;
                    }

                    @Override
                    public void progress(long reached) {
                        if (reached == 12) {
                            away();
                        }
                        lost |= reached == 20;
                    }
                };

        assertThat(failure(request, lease).code()).isEqualTo(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
        back();
        assertThat(attempt(request).endedAt()).isNull();
        new JournalReplay(registry, store, scratch.resolve("journal")).run();

        assertThat(registry.metrics().steps(request.work().runId(), STAGE, 0, 100))
                .extracting(Metrics.StepRow::step)
                .startsWith(LongStream.rangeClosed(1, 20).boxed().toArray(Long[]::new));
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.PREEMPTED);
        assertThat(attempt(request).lastStep()).isGreaterThanOrEqualTo(20);
    }

    @Test
    void whatAWorkerHadNotWrittenWhenItWasKilledIsWrittenByTheNextStart() throws Exception {
        GangRequest request = request("finishes", 1, 40);
        Process worker = JournalKeeper.start(folder, request, attempt(request));
        assertThat(worker.inputReader().readLine()).isEqualTo("kept");
        JournalReplay replay = new JournalReplay(registry, store, folder);
        replay.run();
        assertThat(folder).as("it is at work").isNotEmptyDirectory();
        assertThat(registry.metrics().steps(request.work().runId(), STAGE, 0, 100)).isEmpty();

        worker.destroyForcibly().waitFor();
        replay.run();

        assertThatAllIsRecorded(request);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatASupersededAttemptHadLeftChangesNothingThatIsNewer() {
        GangRequest request = request("finishes", 1, 40);
        away();
        try (GangRecorder recorder = new GangRecorder(registry, store, folder, request)) {
            record(recorder);
            recorder.drain(new FakeLease(0, Lease.State.DRAINING), SHORT);
        }
        back();
        long newer =
                StartedAttempt.begin(
                                registry,
                                request.work().runId(),
                                STAGE,
                                "short",
                                "other",
                                1,
                                0,
                                "newer")
                        .fencingToken();
        registry.runs().setProgress(request.work().runId(), STAGE, newer, "short", 30);

        new JournalReplay(registry, store, folder).run();

        assertThat(registry.runs().stages(request.work().runId()).getFirst().step()).isEqualTo(30);
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.SUPERSEDED);
    }

    private static void record(GangRecorder recorder) {
        for (long step = 1; step <= 3; step++) {
            recorder.step(
                    new Report.StepFinished(
                            0,
                            step,
                            "short",
                            3.0 / step,
                            null,
                            1e-3,
                            1.0,
                            64,
                            16,
                            "hash-" + step,
                            new Report.StepSeconds(0, 0, 0.01, 0.02, 0, 0.01, 0, 0.04),
                            1 << 20));
        }
        recorder.ended(AttemptStatus.PAUSED, "stopped at step 3", null);
    }

    private void assertThatAllIsRecorded(GangRequest request) {
        List<Metrics.StepRow> steps =
                registry.metrics().steps(request.work().runId(), STAGE, 0, 100);
        assertThat(steps).extracting(Metrics.StepRow::step).containsExactly(1L, 2L, 3L);
        assertThat(steps.getLast().values()).containsEntry("loss", 1.0);
        assertThat(registry.runs().stages(request.work().runId()).getFirst().step()).isEqualTo(3);
        assertThat(attempt(request).status()).isEqualTo(AttemptStatus.PAUSED);
        assertThat(attempt(request).lastStep()).isEqualTo(3);
        assertThat(registry.events().after(request.work().runId(), 0, 100))
                .filteredOn(event -> event.type().equals("attempt.ended"))
                .extracting(Events.Event::message)
                .containsExactly("stopped at step 3");
    }

    private void away() {
        database.execute("alter database " + name() + " allow_connections false");
        database.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '"
                        + name()
                        + "'");
    }

    private void back() {
        database.execute("alter database " + name() + " allow_connections true");
    }

    private String name() {
        return address.url().substring(address.url().lastIndexOf('/') + 1);
    }
}
