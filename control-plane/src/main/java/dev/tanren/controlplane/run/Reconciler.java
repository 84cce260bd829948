package dev.tanren.controlplane.run;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.workflows.failure.Failure;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Compares runs that the registry takes for unfinished with their workflows, and puts the registry
/// right.
///
/// A run that is recorded but has no workflow is started: Temporal was away, or this process ended
/// in between. One whose workflow has ended without being able to record it, because it was
/// terminated or every record was refused, ends in the registry too, with an event
/// `run.reconciled` that says what was noticed. A workflow that is at work is never overruled, and
/// nothing is concluded from a Temporal that does not answer. Of several control planes one at a
/// time does this; should two, the second changes nothing.
@Singleton
public class Reconciler {

    private static final Actor RECONCILER = Actor.program("reconciler");
    private static final Logger LOG = Logger.getLogger(Reconciler.class);

    private final PostgresRegistry registry;
    private final Orchestrator orchestrator;
    private final Duration interval;
    private final Duration grace;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("reconciler").factory());

    Reconciler(PostgresRegistry registry, Orchestrator orchestrator, Settings settings) {
        this.registry = registry;
        this.orchestrator = orchestrator;
        this.interval = settings.reconcileInterval();
        this.grace = settings.startGrace();
    }

    void begin(@Observes StartupEvent start) {
        var _ =
                timer.scheduleWithFixedDelay(
                        this::look, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    void end(@Observes ShutdownEvent stop) {
        timer.shutdownNow();
    }

    void look() {
        try {
            registry.exclusively(
                    "tanren.reconciler",
                    () -> registry.runs().open(grace).forEach(this::lookAtOneOfMany));
        } catch (TanrenException e) {
            LOG.warnf("runs are not compared with Temporal: %s", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("runs could not be compared with Temporal", e);
        }
    }

    /// One run that cannot be looked at hides no other.
    private void lookAtOneOfMany(Run run) {
        try {
            lookAt(run);
        } catch (TanrenException e) {
            if (e.failureClass() == FailureClass.STORAGE) {
                throw e;
            }
            LOG.warnf("run %s is not compared with Temporal: %s", run.runId(), e.getMessage());
        } catch (RuntimeException e) {
            LOG.errorf(e, "run %s could not be compared with Temporal", run.runId());
        }
    }

    /// Looks at one run now, because someone asks for it and finds it other than it should be.
    ///
    /// @throws TanrenException `ORCHESTRATOR_UNREACHABLE`
    void lookAt(Run run) {
        switch (orchestrator.look(run.runId())) {
            case RunStanding.AtWork left when left.execution() < run.version().execution() -> {
                // Nothing that it records counts; when it has ended, the newer one begins.
                if (isOld(run)) {
                    orchestrator.cancelLeft(run.runId(), left.workflow());
                }
            }
            case RunStanding.AtWork _ -> {}
            case RunStanding.Foreign foreign ->
                    record(run, RunState.FAILED, foreign.failure().what(), foreign.failure());
            case RunStanding.None _ -> withoutWorkflow(run);
            case RunStanding.Ended ended when ended.execution() < run.version().execution() ->
                    withoutWorkflow(run);
            case RunStanding.Ended ended when ended.execution() == run.version().execution() ->
                    record(run, ended.state(), ended.noticed(), ended.failure());
            case RunStanding.Ended later ->
                    LOG.warnf(
                            "run %s: Temporal knows execution %d, the registry %d; left as it is",
                            run.runId(), later.execution(), run.version().execution());
        }
    }

    /// The newest execution has no workflow. One that has begun cannot begin anew by itself: a
    /// person decides.
    private void withoutWorkflow(Run run) {
        if (!isOld(run)) {
            return;
        }
        if (run.version().sequence() == 0) {
            orchestrator.startOrQueue(run.runId(), RunFinder.plan(run), run.version().execution());
            return;
        }
        Failure lost =
                new Failure(
                        ErrorCode.RUN_INTERRUPTED,
                        "Temporal does not know the run's workflow any more",
                        "run/" + run.runId(),
                        "see that Temporal keeps its data; then retry the run, which goes on from"
                                + " its last checkpoint");
        record(run, RunState.FAILED, lost.what(), lost);
    }

    /// Whether its workflow has had time to begin.
    private boolean isOld(Run run) {
        return registry.runs().open(grace).stream()
                .anyMatch(open -> open.runId().equals(run.runId()));
    }

    private void record(Run run, RunState state, String noticed, @Nullable Failure failure) {
        Runs.Failure recorded =
                failure == null
                        ? null
                        : new Runs.Failure(
                                failure.code(), failure.what(), failure.where(), failure.mend());
        if (!registry.runs().reconcile(run, state, noticed, recorded)) {
            return;
        }
        LOG.warnf("run %s was %s: %s", run.runId(), run.status().key(), noticed);
        String execution = Long.toString(run.version().execution());
        registry.audit()
                .append(
                        AuditRecord.of(RECONCILER, "run.reconcile", "run/" + run.runId())
                                .because(noticed)
                                .changing(
                                        Map.of("state", run.status().key()),
                                        Map.of("state", state.key()))
                                .once("run.reconcile/" + run.runId() + "/" + execution));
        registry.events()
                .append(
                        run.runId(),
                        "run.reconciled",
                        null,
                        "the run was recorded as " + run.status().key() + ", but " + noticed,
                        Map.of("recorded", run.status().key(), "found", state.key()),
                        "reconciled/" + execution);
        registry.events()
                .append(
                        run.runId(),
                        "run." + state.key(),
                        null,
                        "the run is " + state.key() + ": " + noticed,
                        failure == null
                                ? Map.of()
                                : Map.of(
                                        "code", failure.code(),
                                        "what", failure.what(),
                                        "where", failure.where(),
                                        "mend", failure.mend()),
                        "ended/" + execution);
    }
}
