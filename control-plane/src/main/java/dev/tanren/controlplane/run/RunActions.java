package dev.tanren.controlplane.run;

import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.RunRequests.Pending;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.workflows.run.RunWorkflow;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Carries out what people ask of a run.
///
/// Where no answer of the workflow comes in time the request may still take effect. It is kept
/// until it is answered for: whoever asks for the same again meanwhile, or after it has taken
/// effect, is told that it is accepted.
@Singleton
public class RunActions {

    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final Orchestrator orchestrator;
    private final Reconciler reconciler;

    RunActions(
            PostgresRegistry registry,
            RunFinder finder,
            Orchestrator orchestrator,
            Reconciler reconciler) {
        this.registry = registry;
        this.finder = finder;
        this.orchestrator = orchestrator;
        this.reconciler = reconciler;
    }

    /// @throws TanrenException `STATE_CONFLICT` where the run's state does not allow it,
    ///     `ORCHESTRATOR_UNREACHABLE` where it may still take effect
    public void carryOut(Actor actor, String runId, RunAction action, @Nullable String reason) {
        Run run = finder.run(runId);
        if (!action.allowedIn(run.status())) {
            if (hasTakenEffect(run, action)) {
                return;
            }
            run = lookAgain(run);
            if (!action.allowedIn(run.status()) && !mayBeBehind(run, action)) {
                throw conflict(run, action);
            }
        }
        switch (action) {
            // The workflow writes these into the audit when it takes them.
            case PAUSE, RESUME, CANCEL -> ask(actor, run, action, reason);
            case RETRY -> retry(actor, run, reason);
        }
    }

    /// Whether this was asked for before without an answer, and the run is there by now.
    private boolean hasTakenEffect(Run run, RunAction action) {
        Optional<Pending> before = unanswered(run, action);
        if (before.isEmpty() || !action.reached(run.status())) {
            return false;
        }
        registry.runRequests().answered(before.get());
        return true;
    }

    /// Whether the workflow may have gone on from what is recorded of the run: it has been asked
    /// something and has not answered. It is asked this too then, and has the last word.
    private boolean mayBeBehind(Run run, RunAction action) {
        return action != RunAction.RETRY
                && !run.status().terminal()
                && registry.runRequests().find(run.runId()).isPresent();
    }

    private Optional<Pending> unanswered(Run run, RunAction action) {
        return registry.runRequests()
                .find(run.runId())
                .filter(pending -> pending.action() == action);
    }

    /// What is recorded may be wrong, where the workflow was ended from outside. Where Temporal is
    /// away, what is recorded is all that is known.
    private Run lookAgain(Run run) {
        try {
            if (!run.status().terminal()) {
                reconciler.lookAt(run);
            }
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.ORCHESTRATOR_UNREACHABLE) {
                throw e;
            }
        }
        return finder.run(run.runId());
    }

    /// One that was asked for before without an answer is asked for under its old name, so that
    /// whoever repeats it gets the answer of the first. That may be of long ago: where the run is
    /// not where the action is to bring it, it is asked for anew.
    private void ask(Actor actor, Run run, RunAction action, @Nullable String reason) {
        Optional<Pending> before = unanswered(run, action);
        if (before.isPresent()) {
            try {
                send(before.get(), run, actor, reason);
            } catch (TanrenException e) {
                if (e.code() != ErrorCode.STATE_CONFLICT) {
                    throw e;
                }
            }
            if (action.reached(finder.run(run.runId()).status())) {
                return;
            }
        }
        send(
                new Pending(run.runId(), SortableIds.next(), action, actor.name(), reason),
                run,
                actor,
                reason);
    }

    private void send(Pending request, Run run, Actor actor, @Nullable String reason) {
        registry.runRequests().keep(request);
        try {
            orchestrator.ask(
                    run.runId(),
                    request.action(),
                    request.updateId(),
                    new RunWorkflow.Request(
                            request.updateId(),
                            run.version().execution(),
                            request.action(),
                            actor,
                            reason));
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.ORCHESTRATOR_UNREACHABLE) {
                throw e;
            }
            registry.runRequests().answered(request);
            throw e.code() == ErrorCode.NOT_FOUND ? conflict(lookAgain(run), request.action()) : e;
        }
        registry.runRequests().answered(request);
    }

    /// A second retry finds the run queued, and starts no other. Where Temporal is away the run
    /// stays queued until it is back.
    private void retry(Actor actor, Run run, @Nullable String reason) {
        long execution =
                registry.runs()
                        .beginExecution(
                                run.runId(),
                                run.version().execution(),
                                reason == null ? "retry asked for by " + actor.name() : reason)
                        .orElseThrow(() -> conflict(finder.run(run.runId()), RunAction.RETRY));
        // What the last execution was asked for is none of this one's.
        registry.runRequests().find(run.runId()).ifPresent(registry.runRequests()::answered);
        registry.audit()
                .append(
                        AuditRecord.of(actor, "run.retry", "run/" + run.runId())
                                .because(reason)
                                .changing(
                                        standing(run.status(), run.version().execution()),
                                        standing(RunState.QUEUED, execution))
                                .once("run.retry/" + run.runId() + "/" + execution));
        orchestrator.startOrQueue(run.runId(), RunFinder.plan(run), execution);
    }

    private static Map<String, Object> standing(RunState state, long execution) {
        return Map.of("state", state.key(), "execution", execution);
    }

    private static TanrenException conflict(Run run, RunAction action) {
        return new TanrenException(
                ErrorCode.STATE_CONFLICT,
                "the run is "
                        + run.status().key()
                        + "; to "
                        + action.key()
                        + " it, it must be one of: "
                        + action.states(),
                "run/" + run.runId(),
                "look at its state: ./tanren run get " + run.runId());
    }
}
