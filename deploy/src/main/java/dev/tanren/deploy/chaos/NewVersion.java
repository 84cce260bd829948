package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.ExtraWorker.Program;
import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.stack.StackProcesses;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// Workers of another version that come while a run is at work, as a rolling upgrade does it.
final class NewVersion {

    private static final int STEPS = 60;
    private static final String DEPLOYMENT = "tanren-chaos";
    private static final String OLD = "1";
    private static final String NEW = "2";
    private static final Duration KNOWN = Duration.ofSeconds(30);

    private final Laboratory laboratory;
    private final Findings findings;
    private final TemporalCommand temporal;

    private NewVersion(Laboratory laboratory, Findings findings, TemporalCommand temporal) {
        this.laboratory = laboratory;
        this.findings = findings;
        this.temporal = temporal;
    }

    /// A rank of the old version is killed after the new one has come. Passes when the run goes on
    /// and ends on the version that it began with, and another begins and ends on the new one.
    static void deployed(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        TemporalCommand temporal = TemporalCommand.of(laboratory);
        Program program = Program.ofTheStack(laboratory);
        try (ExtraWorker old = start(laboratory, program, OLD)) {
            NewVersion upgrade = new NewVersion(laboratory, findings, temporal);
            upgrade.makeCurrent(OLD);
            try {
                upgrade.comes(program, old);
            } finally {
                temporal.makeUnversionedCurrent(DEPLOYMENT);
            }
        }
    }

    private static ExtraWorker start(Laboratory laboratory, Program program, String version)
            throws InterruptedException {
        return ExtraWorker.start(
                laboratory,
                program,
                "version-" + version,
                Map.of("TANREN_DEPLOYMENT_NAME", DEPLOYMENT, "TANREN_BUILD_ID", version));
    }

    /// A version is known once its worker has asked for work.
    private void makeCurrent(String version) throws InterruptedException {
        boolean made =
                laboratory.comesAbout(
                        KNOWN,
                        () -> {
                            try {
                                temporal.makeCurrent(DEPLOYMENT, version);
                                return true;
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                                return false;
                            }
                        });
        findings.check("version " + version + " can be made current", made, made ? "yes" : "no");
        laboratory.say("version %s is current".formatted(version));
    }

    private void comes(Program program, ExtraWorker old) throws InterruptedException {
        String pinned = laboratory.submit("pinned", STEPS);
        laboratory.awaitStep(pinned, 12 + laboratory.random().nextInt(10));
        try (ExtraWorker fresh = start(laboratory, program, NEW)) {
            makeCurrent(NEW);
            String next = laboratory.submit("on-the-new-version", STEPS);
            kill(pinned, old);
            // Ranks of either would count as left by the other.
            laboratory.awaitEnd(pinned);
            laboratory.awaitEnd(next);
            RunView first = new Aftermath(laboratory, findings).of(pinned, STEPS);
            RunView second = new Aftermath(laboratory, findings).of(next, STEPS);
            endedOn(OLD, old, first, pinned);
            endedOn(NEW, fresh, second, next);
        }
    }

    private void kill(String run, ExtraWorker worker) throws InterruptedException {
        long before = laboratory.run(run).step();
        List<Long> ranks = StackProcesses.ranksOf(worker.pid()).stream().sorted().toList();
        findings.check("the old version's worker has ranks", !ranks.isEmpty(), ranks.size());
        laboratory.say("kill -9 of a rank of the old version, process " + ranks.getLast());
        Instant fault = Instant.now();
        laboratory.signal("KILL", ranks.getLast());
        new OnCall(laboratory, findings)
                .expect(
                        "after the kill",
                        run,
                        fault,
                        before,
                        RankKills.ofKilledRank(ranks.size() - 1));
    }

    private void endedOn(String version, ExtraWorker worker, RunView run, String id)
            throws InterruptedException {
        List<String> workers =
                run.attempts().stream()
                        .map(attempt -> attempt.path("worker").asText())
                        .distinct()
                        .toList();
        findings.check(
                "every attempt of run %s is of version %s".formatted(id, version),
                workers.size() == 1 && workers.getFirst().contains("-" + worker.pid() + "-"),
                workers + ", of which the worker of version " + version + " is " + worker.pid());
        for (String workflow : List.of("run/" + id, "run/" + id + "/" + ChaosPlan.STAGE)) {
            String pinned = temporal.buildOf(workflow);
            findings.check(
                    "workflow " + workflow + " ended on version " + version,
                    pinned.equals(version),
                    "version " + pinned);
            List<String> events = temporal.eventsOf(workflow);
            long failed =
                    events.stream().filter(type -> type.endsWith("WORKFLOW_TASK_FAILED")).count();
            findings.check(
                    "no task of workflow " + workflow + " failed, as one would that decides anew",
                    !events.isEmpty() && failed == 0,
                    failed + " of " + events.size() + " events");
        }
    }
}
