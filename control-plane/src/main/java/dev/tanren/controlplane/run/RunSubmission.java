package dev.tanren.controlplane.run;

import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.controlplane.security.ApiTokens;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.IdempotencyKeys.Known;
import dev.tanren.storage.registry.IdempotencyKeys.Reserved;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Runs.PlanText;
import dev.tanren.storage.registry.Runs.Run;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Makes runs of plans.
///
/// A run is recorded before Temporal is asked to start it. Where Temporal is away the run stays
/// queued, and [Reconciler] starts it when Temporal is back: a run that was answered for is never
/// lost.
@Singleton
public class RunSubmission {

    private static final long FIRST_EXECUTION = 1;

    private static final Duration LONGEST_TURN = Duration.ofSeconds(10);
    private static final int TURNS = 64;

    private final PostgresRegistry registry;
    private final Orchestrator orchestrator;

    /// Requests with one key that come to this server follow each other, so that all but the first
    /// find its answer.
    private final Lock[] turns =
            Stream.generate(ReentrantLock::new).limit(TURNS).toArray(Lock[]::new);

    RunSubmission(PostgresRegistry registry, Orchestrator orchestrator) {
        this.registry = registry;
        this.orchestrator = orchestrator;
    }

    /// @param key the request's `Idempotency-Key`: the same key with the same text gives the same
    ///     run
    /// @return the run's id
    /// @throws TanrenException `IDEMPOTENCY_KEY_REUSED` where the key came with another text,
    ///     `IDEMPOTENCY_KEY_IN_FLIGHT` while the first request with it is at work
    public String submit(Actor actor, Plan plan, PlanText text, @Nullable String key) {
        String runId = SortableIds.next();
        if (key == null) {
            create(runId, actor, plan, text);
            return runId;
        }
        Lock turn = turns[Math.floorMod(key.hashCode(), turns.length)];
        if (!await(turn)) {
            throw inFlight();
        }
        try {
            return submitOnce(runId, actor, plan, text, key);
        } finally {
            turn.unlock();
        }
    }

    /// Whoever else holds the key is another server, or one that died: nothing is waited for.
    private String submitOnce(String runId, Actor actor, Plan plan, PlanText text, String key) {
        String hash = ApiTokens.hash("POST /api/v1/runs\n" + text.text());
        return switch (registry.idempotencyKeys().reserve(actor.id(), key, hash, runId)) {
            case Reserved mine -> reserved(mine, actor, plan, text);
            case Known known -> {
                if (!known.bodyHash().equals(hash)) {
                    throw reused();
                }
                if (known.status() == 0) {
                    throw inFlight();
                }
                yield known.answer();
            }
        };
    }

    private static boolean await(Lock turn) {
        try {
            return turn.tryLock(LONGEST_TURN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the server is stopping", e);
        }
    }

    private static TanrenException inFlight() {
        return new TanrenException(
                ErrorCode.IDEMPOTENCY_KEY_IN_FLIGHT,
                "the first request with this key is still at work",
                "Idempotency-Key",
                "ask again with the same key in a few seconds: both are answered with the same run");
    }

    private static TanrenException reused() {
        return new TanrenException(
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                "the key came with another body before",
                "Idempotency-Key",
                "use a new key for a new request");
    }

    private String reserved(Reserved reservation, Actor actor, Plan plan, PlanText text) {
        try {
            create(reservation.answer(), actor, plan, text);
        } catch (RuntimeException e) {
            try {
                registry.idempotencyKeys().release(reservation);
            } catch (RuntimeException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
        registry.idempotencyKeys().complete(reservation, 201);
        return reservation.answer();
    }

    /// A holder of the same key that died may have come any part of the way under the same id: what
    /// it did is not done again, and a run that has begun is left alone.
    private void create(String runId, Actor actor, Plan plan, PlanText text) {
        Optional<Run> begun = registry.runs().find(runId);
        if (begun.isPresent() && begun.get().status() != RunState.QUEUED) {
            return;
        }
        record(runId, actor, plan, text);
        orchestrator.startOrQueue(runId, plan, FIRST_EXECUTION);
    }

    private void record(String runId, Actor actor, Plan plan, PlanText text) {
        registry.audit()
                .append(
                        AuditRecord.of(actor, "run.submit", "run/" + runId)
                                .changing(
                                        null,
                                        Map.of(
                                                "name",
                                                plan.name(),
                                                "owner",
                                                actor.name(),
                                                "state",
                                                RunState.QUEUED.key()))
                                .with(Map.of("planSha256", ApiTokens.hash(text.text())))
                                .once("run.submit/" + runId));
        registry.runs()
                .create(
                        new NewRun(
                                runId,
                                plan.name(),
                                Json.write(plan),
                                text,
                                actor.name(),
                                plan.stages().stream().map(RunSubmission::stage).toList()));
    }

    private static NewStage stage(Stage stage) {
        return switch (stage) {
            case TrainingStage training ->
                    new NewStage(
                            training.id(),
                            training.type().name().toLowerCase(Locale.ROOT),
                            Timetable.of(training).totalSteps());
            case Stage.Evaluate evaluate -> new NewStage(evaluate.id(), "evaluate", 0);
            case Stage.Export export -> new NewStage(export.id(), "export", 0);
            case Stage.Approve approve -> new NewStage(approve.id(), "approve", 0);
        };
    }
}
