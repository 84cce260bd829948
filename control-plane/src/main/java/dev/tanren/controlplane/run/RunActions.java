package dev.tanren.controlplane.run;

import dev.tanren.controlplane.security.Caller;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.run.RunAction;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.workflows.run.RunWorkflow;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/// Carries out what people ask of a run.
@Singleton
public class RunActions {

    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final Orchestrator orchestrator;

    RunActions(PostgresRegistry registry, RunFinder finder, Orchestrator orchestrator) {
        this.registry = registry;
        this.finder = finder;
        this.orchestrator = orchestrator;
    }

    /// @throws TanrenException `STATE_CONFLICT` where the run's state does not allow it
    public void carryOut(Caller caller, String runId, RunAction action, @Nullable String reason) {
        Run run = finder.run(runId);
        if (!action.allowedIn(run.status())) {
            throw conflict(run, action);
        }
        switch (action) {
            // The workflow writes these into the audit when it takes them.
            case PAUSE, RESUME, CANCEL ->
                    orchestrator.ask(runId, action, new RunWorkflow.Request(caller.name(), reason));
            case RETRY -> retry(caller, run, reason);
        }
    }

    /// A second retry finds the run queued, and starts no other. Where Temporal is away the run
    /// stays queued until it is back.
    private void retry(Caller caller, Run run, @Nullable String reason) {
        long execution =
                registry.runs()
                        .beginExecution(
                                run.runId(),
                                run.version().execution(),
                                reason == null ? "retry asked for by " + caller.name() : reason)
                        .orElseThrow(() -> conflict(finder.run(run.runId()), RunAction.RETRY));
        registry.audit().append(caller.name(), "run.retry", "run/" + run.runId(), reason, "{}");
        orchestrator.startOrQueue(run.runId(), RunFinder.plan(run), execution);
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
                "look at its state with GET /api/v1/runs/" + run.runId());
    }
}
