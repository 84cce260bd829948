package dev.tanren.activities.gang;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.ReportChannel;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/// A program that behaves towards its worker as a rank does, without training. The plan's name says
/// what happens to it; every fifth step is saved.
public final class FakeRank {

    private static final int SAVE_EVERY = 5;
    private static final long STEP_MILLIS = 40;

    private static volatile boolean terminated;

    private FakeRank() {}

    public static void main(String[] arguments) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(FakeRank::holdTermination));
        RankLaunch launch = Json.read(Files.readString(Path.of(arguments[0])), RankLaunch.class);
        ReportChannel reports = ReportChannel.connect(Path.of(launch.reportSocket()));
        S3ObjectStore store =
                S3ObjectStore.connect(
                        launch.store(),
                        System.getenv(StoreAddress.ACCESS_KEY_VARIABLE),
                        System.getenv(StoreAddress.SECRET_KEY_VARIABLE));
        reports.send(new Report.Hello(launch.rank(), ProcessHandle.current().pid()));
        if (launch.work().plan().name().equals("measures")) {
            reports.send(new Report.ProductsMeasured(launch.rank(), 100, 2));
        }
        reports.send(new Report.Ready(launch.rank(), 0, 0.1, 10, device(launch)));
        System.out.println("rank " + launch.rank() + " speaks");
        // Its events leave the worker no pause: it makes no save before its last.
        boolean fast = launch.work().plan().name().equals("fast");
        for (long step = 1; step <= launch.work().lastStep(); step++) {
            if (step == 8 && !fast) {
                // Ranks that compute together are no further apart than this.
                awaitShards(launch, reports, store, SAVE_EVERY);
            }
            if (step == 8 && launch.rank() == 1 && launch.work().plan().name().equals("killed")) {
                awaitCommit(launch, reports, store, SAVE_EVERY);
                crash();
            }
            happens(launch, reports, step);
            Thread.sleep(fast ? STEP_MILLIS / 4 : STEP_MILLIS);
            boolean skips = launch.work().plan().name().equals("skips") && step == 10;
            reports.send(
                    skips
                            ? new Report.StepSkipped(
                                    launch.rank(),
                                    step,
                                    launch.work().phaseId(),
                                    "hash-" + step,
                                    3.0 / 9)
                            : finished(launch, step));
            boolean last = step == launch.work().lastStep() || terminated;
            boolean crashesAtLast = last && launch.rank() == 1;
            if (crashesAtLast
                    && launch.work().plan().name().equals("crashes-before-its-last-save")) {
                awaitShard(launch, reports, store, step, 0);
                crash();
            }
            if (last || (!fast && step % SAVE_EVERY == 0)) {
                saving(launch, reports, step);
                reports.send(save(launch, store, step));
            }
            if (crashesAtLast && launch.work().plan().name().equals("crashes-at-its-end")) {
                awaitShards(launch, reports, store, step);
                crash();
            }
            if (terminated) {
                reports.send(new Report.Preempted(launch.rank(), step));
                Runtime.getRuntime().halt(ExitCode.PREEMPTED);
            }
        }
        reports.send(new Report.Finished(launch.rank(), launch.work().lastStep(), Map.of()));
        Runtime.getRuntime().halt(ExitCode.FINISHED);
    }

    private static void happens(RankLaunch launch, ReportChannel reports, long step)
            throws Exception {
        boolean first = launch.rank() == 0;
        switch (launch.work().plan().name()) {
            case "fails" -> {
                if (step == 8) {
                    ErrorCode code =
                            first ? ErrorCode.COLLECTIVE_FAILED : ErrorCode.TOKEN_SHARD_CORRUPT;
                    reports.send(
                            new Report.Failed(
                                    launch.rank(), code.name(), "scripted", "here", "mend it"));
                    Runtime.getRuntime().halt(ExitCode.FAILED);
                }
            }
            case "rolls-back" -> stopAtEight(launch, reports, step, Anomalies.Policy.ROLLBACK);
            case "asks" -> stopAtEight(launch, reports, step, Anomalies.Policy.PAUSE);
            case "waits-for-the-store" -> {
                for (int second = 1; second <= 6 && step == 8; second++) {
                    Thread.sleep(1_000);
                    reports.send(new Report.SaveAwaited(launch.rank(), SAVE_EVERY, second));
                }
            }
            case "slow" -> {
                // Far over the limits of the tests' settings, and heard of all the time.
                for (int part = 1; part <= 25 && step == 8; part++) {
                    Thread.sleep(400);
                    reports.send(
                            first
                                    ? new Report.PeerAwaited(0, 1, part * 0.4)
                                    : new Report.Working(1, step, Report.Work.COMPUTING, part, 25));
                }
            }
            case "finishes-its-step-slowly" -> {
                for (int part = 1; part <= 20 && terminated; part++) {
                    Thread.sleep(400);
                    reports.send(
                            new Report.Working(
                                    launch.rank(), step, Report.Work.COMPUTING, part, 20));
                }
            }
            case "one-stops" -> {
                if (step == 8) {
                    reports.send(
                            new Report.Working(launch.rank(), step, Report.Work.COMPUTING, 3, 4));
                }
                if (step == 8 && !first) {
                    signalSelf("-STOP");
                }
                while (step == 8) {
                    Thread.sleep(400);
                    reports.send(new Report.PeerAwaited(0, 1, 1));
                }
            }
            case "all-wait" -> {
                while (step == 8) {
                    Thread.sleep(400);
                    reports.send(new Report.PeerAwaited(launch.rank(), 1 - launch.rank(), 1));
                }
            }
            case "takes-much" -> {
                if (step == 3) {
                    take(600L << 20);
                }
            }
            case "hangs" -> {
                if (step == 8) {
                    new CountDownLatch(1).await();
                }
            }
            default -> {}
        }
    }

    /// Outside the heap, as tensors are.
    private static void take(long bytes) {
        MemorySegment taken = Arena.global().allocate(bytes);
        for (long place = 0; place < bytes; place += 4096) {
            taken.set(ValueLayout.JAVA_BYTE, place, (byte) 1);
        }
    }

    private static void crash() throws Exception {
        signalSelf("-9");
    }

    private static void signalSelf(String signal) throws Exception {
        new ProcessBuilder("kill", signal, Long.toString(ProcessHandle.current().pid()))
                .start()
                .waitFor();
    }

    /// Waits until every rank has saved a step.
    private static void awaitShards(
            RankLaunch launch, ReportChannel reports, S3ObjectStore store, long step)
            throws InterruptedException {
        for (int rank = 0; rank < launch.worldSize(); rank++) {
            awaitShard(launch, reports, store, step, rank);
        }
    }

    private static void awaitShard(
            RankLaunch launch, ReportChannel reports, S3ObjectStore store, long step, int rank)
            throws InterruptedException {
        await(launch, reports, step, () -> !store.list(shardKey(launch, step, rank)).isEmpty());
    }

    /// Waits until the worker has committed a step.
    private static void awaitCommit(
            RankLaunch launch, ReportChannel reports, S3ObjectStore store, long step)
            throws InterruptedException {
        String manifest =
                CheckpointLayout.manifestKey(launch.work().runId(), launch.work().stageId(), step);
        await(launch, reports, step, () -> store.find(manifest).isPresent());
    }

    /// A busy machine may let this take long, so it is told, as a rank does.
    private static void await(
            RankLaunch launch, ReportChannel reports, long step, BooleanSupplier there)
            throws InterruptedException {
        saving(launch, reports, step);
        while (!there.getAsBoolean()) {
            Thread.sleep(5);
        }
    }

    private static void saving(RankLaunch launch, ReportChannel reports, long step) {
        reports.send(new Report.Working(launch.rank(), step, Report.Work.SAVING, 0, 0));
    }

    private static void stopAtEight(
            RankLaunch launch, ReportChannel reports, long step, Anomalies.Policy action) {
        if (step == 8) {
            reports.send(
                    new Report.AnomalyFound(
                            launch.rank(),
                            step,
                            launch.work().phaseId(),
                            Report.AnomalyKind.NON_FINITE,
                            Double.NaN,
                            Double.NaN,
                            null,
                            action,
                            List.of("code/16#57")));
            Runtime.getRuntime().halt(ExitCode.ANOMALY);
        }
    }

    private static String device(RankLaunch launch) {
        return launch.work().plan().name().equals("gpu") ? "NVIDIA H100 80GB HBM3" : "cpu";
    }

    private static Report.StepFinished finished(RankLaunch launch, long step) {
        return new Report.StepFinished(
                launch.rank(),
                step,
                launch.work().phaseId(),
                3.0 / step,
                launch.work().plan().name().equals("gpu") ? 1e-4 : null,
                1e-3,
                1.0,
                64,
                16,
                "hash-" + step,
                new Report.StepSeconds(0, 0, 0.01, 0.02, 0, 0.01, 0, 0.04),
                1 << 20);
    }

    private static Report.ShardSaved save(RankLaunch launch, S3ObjectStore store, long step) {
        String key = shardKey(launch, step, launch.rank());
        byte[] bytes =
                ("weights of step " + step + " rank " + launch.rank())
                        .getBytes(StandardCharsets.UTF_8);
        StoredObject stored = store.put(key, bytes);
        return new Report.ShardSaved(
                launch.rank(),
                step,
                new CheckpointManifest.Shard(
                        key,
                        bytes.length,
                        stored.sha256(),
                        stored.entityTag(),
                        List.of(
                                new CheckpointManifest.Tensor(
                                        "t" + launch.rank(),
                                        "U8",
                                        List.of((long) bytes.length),
                                        0,
                                        0,
                                        bytes.length,
                                        stored.sha256()))),
                Map.of("step", Long.toString(step)),
                0.01);
    }

    private static String shardKey(RankLaunch launch, long step, int rank) {
        return CheckpointLayout.shardKey(
                launch.work().runId(),
                launch.work().stageId(),
                step,
                launch.work().fencingToken(),
                "rank-" + rank + "-of-" + launch.worldSize());
    }

    /// As a rank does: SIGTERM is noted, and the process ends itself when it has saved.
    private static void holdTermination() {
        terminated = true;
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
