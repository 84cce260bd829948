package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.plan.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What can happen to the process that the ranks belong to.
final class WorkerFaults {

    private static final int STEPS = 80;
    private static final Duration END_OF_RANKS = Duration.ofSeconds(5);
    private static final Duration TAKEN_OVER = Duration.ofSeconds(60);

    private WorkerFaults() {}

    static void killed(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-worker", STEPS);
        long before = laboratory.awaitStep(id, 12 + laboratory.random().nextInt(15)).step();
        long worker = laboratory.awaitBusyWorker();
        List<Long> ranks = StackProcesses.ranksOf(worker);
        laboratory.say("kill -9 of the worker, process " + worker);
        Instant fault = Instant.now();
        laboratory.signal("KILL", worker);
        findings.check("it had ranks", !ranks.isEmpty(), ranks.size() + " ranks");
        findings.check(
                "its ranks are dead within " + END_OF_RANKS.toSeconds() + " s",
                laboratory.comesAbout(END_OF_RANKS, () -> dead(ranks)),
                ranks.size() + " ranks");
        laboratory.comesAbout(TAKEN_OVER, () -> laboratory.run(id).attempts().size() > 1);
        new OnCall(laboratory, findings)
                .expect("after the kill", id, fault, before, ofLostWorker("last heard of"));
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        long lost = lostAttempts(ended);
        findings.check("one attempt was lost", lost == 1, lost + " lost");
        String reason = ended.attempts().getFirst().path("reason").asText();
        findings.told(
                FaultClass.PREEMPTED,
                "afterwards, when it was last heard of and how far its ranks were",
                Telling.holdsAll(
                        reason, List.of("was last heard of at", "its ranks had finished step")),
                reason);
    }

    static void terminated(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("terminated-worker", STEPS);
        long before = laboratory.awaitStep(id, 12 + laboratory.random().nextInt(15)).step();
        long worker = laboratory.awaitBusyWorker();
        laboratory.say("SIGTERM of the worker, process " + worker);
        Instant fault = Instant.now();
        laboratory.signal("TERM", worker);
        laboratory.comesAbout(TAKEN_OVER, () -> laboratory.run(id).attempts().size() > 1);
        new OnCall(laboratory, findings)
                .expect("after the SIGTERM", id, fault, before, ofLostWorker("told to end"));
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        long recomputed =
                ended.attempts().stream()
                        .mapToLong(attempt -> attempt.path("stepsRecomputed").asLong())
                        .sum();
        findings.check("no step is lost", recomputed == 0, recomputed + " steps");
        findings.check(
                "the attempt ended as preempted",
                ended.attempts().getFirst().path("failureClass").asText().equals("PREEMPTED"),
                ended.attempts().getFirst().path("failureClass").asText());
    }

    /// Its ranks are not stopped: they train on, and would commit.
    static void stoppedAndContinued(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("stopped-worker", STEPS);
        long before = laboratory.awaitStep(id, 12 + laboratory.random().nextInt(5)).step();
        long worker = laboratory.awaitBusyWorker();
        List<Long> ranks = StackProcesses.ranksOf(worker);
        laboratory.say("SIGSTOP of the worker, process " + worker);
        Instant fault = Instant.now();
        laboratory.signal("STOP", worker);
        boolean takenOver;
        try {
            takenOver =
                    laboratory.comesAbout(
                            TAKEN_OVER, () -> laboratory.run(id).attempts().size() > 1);
            new OnCall(laboratory, findings)
                    .expect(
                            "while it is stopped",
                            id,
                            fault,
                            before,
                            ofLostWorker("last heard of"));
        } finally {
            laboratory.say("SIGCONT");
            laboratory.signal("CONT", worker);
        }
        findings.check("another worker takes over", takenOver, takenOver ? "yes" : "no");
        findings.check(
                "the ranks of the old attempt end",
                laboratory.comesAbout(Duration.ofSeconds(20), () -> dead(ranks)),
                ranks.size() + " ranks");
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    static long lostAttempts(RunView ended) {
        return ended.attempts().stream()
                .filter(it -> it.path("failureClass").asText().equals("PREEMPTED"))
                .count();
    }

    static Telling ofLostWorker(String evidence) {
        return Telling.ofAttempt(
                FaultClass.PREEMPTED, ErrorCode.RANK_PREEMPTED, "worker", evidence);
    }

    static boolean dead(List<Long> processes) {
        return processes.stream()
                .flatMap(process -> ProcessHandle.of(process).stream())
                .noneMatch(ProcessHandle::isAlive);
    }
}
