package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;

/// Attempts that overtake each other and commit the same steps at once, in the stack's own
/// PostgreSQL and object store.
final class RacingCommits {

    private static final int RACED_STEPS = 100;
    private static final int RACERS = 10;
    private static final int MOST_DELAY_MILLIS = 60;

    /// Whose name, while it is held, keeps the control plane from ending a run without a workflow.
    private static final String RECONCILER = "tanren.reconciler";

    private final Laboratory laboratory;
    private final Findings findings;
    private final PostgresRegistry registry;
    private final ObjectCheckpointStore checkpoints;
    private final RacingAttempts attempts;
    private final String run;
    private final List<CheckpointManifest> winners = new ArrayList<>();
    private final List<CheckpointManifest> stale = new ArrayList<>();
    private final Map<Outcome, Integer> seen = new EnumMap<>(Outcome.class);

    private RacingCommits(
            Laboratory laboratory,
            Findings findings,
            PostgresRegistry registry,
            S3ObjectStore objects,
            String run) {
        this.laboratory = laboratory;
        this.findings = findings;
        this.registry = registry;
        this.checkpoints = new ObjectCheckpointStore(objects, registry);
        this.attempts = new RacingAttempts(registry, objects, run);
        this.run = run;
    }

    private enum Outcome {
        WON,
        FOUND_ANOTHERS,
        STALE
    }

    private record Raced(CheckpointManifest manifest, Outcome outcome) {}

    /// Passes when each step has one winner, and nothing of an attempt that was overtaken before
    /// its commit counts, then or when it tries again.
    static void raced(Laboratory laboratory, Findings findings) throws InterruptedException {
        Map<String, String> environment =
                StackProcesses.environmentOf(laboratory.part("control-plane"));
        String run = "races-" + laboratory.random().nextInt(Integer.MAX_VALUE);
        try (PostgresRegistry registry =
                        PostgresRegistry.connect(DatabaseAddress.from(environment));
                S3ObjectStore objects = S3ObjectStore.connect(environment)) {
            RacingCommits races = new RacingCommits(laboratory, findings, registry, objects, run);
            while (!registry.exclusively(RECONCILER, races::race)) {
                Thread.sleep(10);
            }
        }
    }

    private void race() {
        registry.runs()
                .create(
                        new Runs.NewRun(
                                run,
                                run,
                                "{}",
                                null,
                                "chaos",
                                List.of(
                                        new Runs.NewStage(
                                                RacingAttempts.STAGE, "cpt", RACED_STEPS))));
        try (ExecutorService threads = Executors.newFixedThreadPool(RACERS)) {
            for (int step = 1; step <= RACED_STEPS; step++) {
                for (Raced racer : race(threads, step)) {
                    seen.merge(racer.outcome(), 1, Integer::sum);
                    if (racer.outcome() == Outcome.WON) {
                        winners.add(racer.manifest());
                    } else if (racer.outcome() == Outcome.STALE) {
                        stale.add(racer.manifest());
                    }
                }
            }
            look();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a racer ended in an unforeseen way", e);
        } finally {
            registry.runs()
                    .find(run)
                    .ifPresent(
                            seen ->
                                    registry.runs()
                                            .reconcile(
                                                    seen,
                                                    RunState.CANCELLED,
                                                    "the races are over",
                                                    null));
        }
    }

    private List<Raced> race(ExecutorService threads, long step)
            throws InterruptedException, ExecutionException {
        CyclicBarrier start = new CyclicBarrier(RACERS);
        List<Callable<Raced>> racers = new ArrayList<>();
        for (int i = 0; i < RACERS; i++) {
            int delay = laboratory.random().nextInt(MOST_DELAY_MILLIS);
            racers.add(
                    () -> {
                        start.await();
                        Thread.sleep(delay);
                        CheckpointManifest own = attempts.save(attempts.begin(), step);
                        return new Raced(own, commit(own));
                    });
        }
        List<Raced> ended = new ArrayList<>();
        for (Future<Raced> racer : threads.invokeAll(racers)) {
            ended.add(racer.get());
        }
        return ended;
    }

    private Outcome commit(CheckpointManifest manifest) {
        try {
            return checkpoints.commit(manifest).manifest().equals(manifest)
                    ? Outcome.WON
                    : Outcome.FOUND_ANOTHERS;
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.CHECKPOINT_STALE_ATTEMPT) {
                throw e;
            }
            return Outcome.STALE;
        }
    }

    private void look() {
        List<Long> wrong = stepsWhere(step -> winnersOf(step) != 1);
        findings.check(
                "of each of " + RACED_STEPS + " steps one attempt won",
                wrong.isEmpty() && winners.size() == RACED_STEPS,
                wrong.isEmpty() ? seen : "not of steps " + wrong);
        findings.check(
                "attempts that were overtaken were refused",
                !stale.isEmpty(),
                stale.size() + " of " + RACED_STEPS * RACERS);
        List<Outcome> again = stale.stream().map(this::commit).distinct().toList();
        findings.check("tried again, none of them wins", !again.contains(Outcome.WON), again);
        List<Long> rows =
                registry.checkpoints().list(run, RacingAttempts.STAGE).stream()
                        .map(Checkpoints.Row::step)
                        .sorted()
                        .toList();
        findings.check(
                "each step is committed once",
                rows.equals(LongStream.rangeClosed(1, RACED_STEPS).boxed().toList()),
                rows.size() + " rows");
        List<Long> broken = winners.stream().filter(it -> !holds(it)).map(it -> it.step()).toList();
        findings.check(
                "row, manifest and its copy are the winner's, and its objects verify",
                broken.isEmpty(),
                broken.isEmpty() ? winners.size() + " manifests" : "not of steps " + broken);
    }

    private static List<Long> stepsWhere(LongPredicate wrong) {
        return LongStream.rangeClosed(1, RACED_STEPS).filter(wrong).boxed().toList();
    }

    private long winnersOf(long step) {
        return winners.stream().filter(winner -> winner.step() == step).count();
    }

    private boolean holds(CheckpointManifest winner) {
        String copy = CheckpointLayout.manifestKey(run, RacingAttempts.STAGE, winner.step());
        return registry.checkpoints()
                        .find(run, RacingAttempts.STAGE, winner.step())
                        .map(row -> checkpoints.read(row.manifestKey()).equals(winner))
                        .orElse(false)
                && checkpoints.read(copy).equals(winner)
                && checkpoints.verify(winner).isEmpty();
    }
}
