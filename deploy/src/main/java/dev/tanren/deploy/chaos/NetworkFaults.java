package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.ExtraWorker.Program;
import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.stack.StackProcesses;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// A worker that nothing of the platform hears of, and which hears of nothing.
final class NetworkFaults {

    private static final int STEPS = 120;

    /// Past the silence after which a worker counts as gone; it lasts until another took over.
    static final Duration CUT = Duration.ofSeconds(40);

    /// The silence, and the longest that what was handed to the silent worker keeps others waiting:
    /// a task of a workflow 10 s, a call to the registry 30 s.
    static final Duration TAKEN_OVER = Duration.ofSeconds(60);

    private static final Duration ENDED = Duration.ofSeconds(30);
    private static final Duration BACK = Duration.ofSeconds(60);

    private NetworkFaults() {}

    /// What was under way when it was cut off arrives when that is over. Passes when another worker
    /// takes over meanwhile, whose steps nobody else commits.
    static void cutOff(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        Program program = Program.ofTheStack(laboratory);
        try (HeldWorker other = HeldWorker.hold(laboratory);
                Relays relays = Relays.to(laboratory.ports());
                ExtraWorker worker =
                        ExtraWorker.start(
                                laboratory,
                                program,
                                "cut-off",
                                relays.addresses(program.environment()))) {
            String id = laboratory.submit("cut-off-worker", STEPS);
            laboratory.awaitStep(id, 5);
            other.release();
            long before = laboratory.awaitStep(id, 20 + laboratory.random().nextInt(10)).step();
            cut(laboratory, findings, relays, worker, id, before);
            RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
            long lost = WorkerFaults.lostAttempts(ended);
            findings.check("one attempt was lost", lost == 1, lost + " lost");
            Commits.of(laboratory, id).checkOwners(laboratory.run(id), findings);
            findings.check(
                    "the worker that was cut off takes part again, without a restart",
                    worker.alive() && laboratory.comesAbout(BACK, worker::announced),
                    "process " + worker.pid());
        }
    }

    private static void cut(
            Laboratory laboratory,
            Findings findings,
            Relays relays,
            ExtraWorker worker,
            String id,
            long before)
            throws InterruptedException {
        List<Long> ranks = StackProcesses.ranksOf(worker.pid());
        findings.check("the worker that is cut off had ranks", !ranks.isEmpty(), ranks.size());
        laboratory.say("cut off the network: the worker, process " + worker.pid());
        Instant fault = Instant.now();
        long end = System.nanoTime() + CUT.toNanos();
        relays.become(new Relay.Silent());
        findings.check(
                "another worker takes over within " + TAKEN_OVER.toSeconds() + " s",
                laboratory.comesAbout(TAKEN_OVER, () -> laboratory.run(id).attempts().size() > 1),
                laboratory.run(id).attempts().size() + " attempts");
        new OnCall(laboratory, findings)
                .expect(
                        "while it is cut off",
                        id,
                        fault,
                        before,
                        WorkerFaults.ofLostWorker("last heard of"));
        findings.check(
                "its ranks end by themselves, before anybody is heard again",
                laboratory.comesAbout(ENDED, () -> WorkerFaults.dead(ranks)),
                ranks.size() + " ranks");
        while (System.nanoTime() < end) {
            Thread.sleep(100);
        }
        laboratory.say(
                "the network is there again, after %d s"
                        .formatted(Duration.between(fault, Instant.now()).toSeconds()));
        relays.become(new Relay.Clear());
    }
}
