package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.chaos.ExtraWorker.Program;
import dev.tanren.deploy.client.RunView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// A way to the object store that is slow, then stands still, then breaks off again and again.
final class StoreFaults {

    private static final int STEPS = 60;

    /// So slow that a checkpoint of the small model takes longer than the steps to the next.
    private static final Relay.Slow SLOW = new Relay.Slow(Duration.ofSeconds(2), 20 * 1024);

    /// How much longer a step may take while a save is under way than else, of the quarter of the
    /// steps that other programs disturb least.
    static final double LONGER = 1.25;

    /// A transfer that does not move ends after 30 s.
    private static final Duration GIVEN_UP = Duration.ofSeconds(40);

    private static final Duration RESETTING = Duration.ofSeconds(8);
    private static final Duration WAITED_FOR = Duration.ofSeconds(60);

    private StoreFaults() {}

    /// Passes when training goes on to the next save meanwhile, nothing is committed that has not
    /// arrived, what stands still is tried again, and the run needs no other attempt.
    static void slowHungResetting(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        Program program = Program.ofTheStack(laboratory);
        try (HeldWorker _ = HeldWorker.hold(laboratory);
                Relays relays = Relays.to(laboratory.ports());
                ExtraWorker _ =
                        ExtraWorker.start(
                                laboratory,
                                program,
                                "slow-store",
                                relays.addresses(program.environment()))) {
            String id = laboratory.submit("slow-store", STEPS);
            long before = laboratory.awaitStep(id, 11 + laboratory.random().nextInt(5)).step();
            new StoreFaults.Course(laboratory, findings, relays.objects(), id).run(before);
        }
    }

    private record Course(Laboratory laboratory, Findings findings, Relay way, String id) {

        void run(long before) throws InterruptedException {
            Instant fault = Instant.now();
            laboratory.say(
                    "the object store answers after %d s, %d KiB a second"
                            .formatted(SLOW.latency().toSeconds(), SLOW.bytesPerSecond() / 1024));
            way.become(SLOW);
            long committed =
                    ChaosPlan.STEPS_BETWEEN_SAVES * (before / ChaosPlan.STEPS_BETWEEN_SAVES);
            long saved = committed + ChaosPlan.STEPS_BETWEEN_SAVES;
            long waits = saved + ChaosPlan.STEPS_BETWEEN_SAVES;
            findings.check(
                    "training goes on while the checkpoint of step %d is saved".formatted(saved),
                    laboratory.comesAbout(WAITED_FOR, () -> laboratory.run(id).step() >= waits - 1),
                    "step " + laboratory.run(id).step());
            hung(saved, fault, before);
            laboratory.say("every answer of the object store is a connection that breaks off");
            way.become(new Relay.Resetting());
            Thread.sleep(RESETTING);
            laboratory.say("the object store is as it was");
            way.become(new Relay.Clear());
            RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
            List<String> failures = RankFaults.classes(ended);
            findings.check(
                    "no attempt fails of it", failures.stream().allMatch("none"::equals), failures);
            Commits.of(laboratory, id).checkOwners(ended, findings);
            stepTime(saved, waits);
        }

        private void hung(long saved, Instant fault, long before) throws InterruptedException {
            laboratory.say("the object store says nothing any more");
            way.become(new Relay.Silent());
            int taken = way.taken();
            int ranks = laboratory.ranks().size();
            long start = System.nanoTime();
            List<Commits.Commit> known = Commits.of(laboratory, id).all();
            new OnCall(laboratory, findings)
                    .expect("while it hangs", id, fault, before, Telling.ofAwaitedSave(saved));
            findings.check(
                    "what stands still is given up within %d s and tried again, by each rank"
                            .formatted(GIVEN_UP.toSeconds()),
                    laboratory.comesAbout(GIVEN_UP, () -> way.taken() >= taken + ranks),
                    "%d new connections of %d ranks after %.0f s"
                            .formatted(
                                    way.taken() - taken, ranks, (System.nanoTime() - start) / 1e9));
            List<Commits.Commit> since = Commits.of(laboratory, id).all();
            findings.check(
                    "nothing that has not arrived is committed",
                    since.equals(known) && since.stream().noneMatch(it -> it.step() >= saved),
                    since.stream().map(Commits.Commit::step).toList());
        }

        /// Of the steps between two saves, while the first is under way, in which the ranks do not
        /// wait.
        private void stepTime(long saved, long waits) {
            JsonNode metrics =
                    laboratory
                            .api()
                            .get("/runs/" + id + "/metrics?points=100000&stage=" + ChaosPlan.STAGE);
            List<Double> during = new ArrayList<>();
            List<Double> otherwise = new ArrayList<>();
            for (int i = 0; i < metrics.path("steps").size(); i++) {
                long step = metrics.path("steps").path(i).asLong();
                double seconds = metrics.at("/series/seconds.total").path(i).asDouble();
                if (step % ChaosPlan.STEPS_BETWEEN_SAVES != 0) {
                    (step > saved && step < waits ? during : otherwise).add(seconds);
                }
            }
            double longer = quartile(during) / quartile(otherwise);
            findings.check(
                    "a step takes no more than %.2f times as long meanwhile".formatted(LONGER),
                    longer <= LONGER,
                    "%.2f times".formatted(longer));
        }

        private static double quartile(List<Double> values) {
            return values.stream().sorted().skip(values.size() / 4).findFirst().orElse(0.0);
        }
    }
}
