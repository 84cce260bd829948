package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Experiment.Procedure;
import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Kills ranks at random points, each time after the run has got beyond where it was. Passes when
/// training goes on in time, no kill costs more than [#MOST_LOST] steps, and each time the rank and
/// its signal are told.
///
/// @param kills how often
record RankKills(int kills) implements Procedure {

    /// A worker's silence and the start of ranks.
    private static final Duration BACK_AT_WORK = Duration.ofSeconds(23);

    /// The steps between two saves, and as many while the newest one is not committed yet.
    static final long MOST_LOST = 2L * ChaosPlan.STEPS_BETWEEN_SAVES;

    /// Enough that a run which gains ground between two kills lasts for all of them.
    private static final int STEPS_A_KILL = 12;

    @Override
    public void run(Laboratory laboratory, Findings findings) throws InterruptedException {
        int steps = Math.max(80, STEPS_A_KILL * (kills + 1));
        laboratory.undisturbed(steps);
        String id = laboratory.submit("killed-ranks", steps);
        long from = 5;
        for (int kill = 1; kill <= kills; kill++) {
            from += laboratory.random().nextInt(STEPS_A_KILL / 3);
            laboratory.awaitStep(id, from);
            List<Long> ranks = laboratory.awaitRanks();
            RunView before = laboratory.run(id);
            int victim = laboratory.random().nextInt(ranks.size());
            laboratory.say(
                    "kill %d of %d: rank %d at step %d"
                            .formatted(kill, kills, victim, before.step()));
            Instant fault = Instant.now();
            laboratory.signal("KILL", ranks.get(victim));
            int attempts = before.attempts().size();
            boolean back =
                    laboratory.comesAbout(BACK_AT_WORK, () -> goesOn(laboratory.run(id), attempts));
            findings.check(
                    "training goes on within " + BACK_AT_WORK.toSeconds() + " s of kill " + kill,
                    back,
                    "at step " + laboratory.run(id).step());
            new OnCall(laboratory, findings)
                    .expect("after kill " + kill, id, fault, before.step(), ofKilledRank(victim));
            from = before.step() + STEPS_A_KILL / 3;
        }
        RunView ended = new Aftermath(laboratory, findings).of(id, steps);
        long most =
                ended.attempts().stream()
                        .mapToLong(attempt -> attempt.path("stepsRecomputed").asLong())
                        .max()
                        .orElse(0);
        findings.check(
                "no kill costs more than " + MOST_LOST + " steps",
                most <= MOST_LOST,
                "at most " + most + " steps");
    }

    static Telling ofKilledRank(int rank) {
        return Telling.ofAttempt(
                FaultClass.RANK_CRASHED, ErrorCode.RANK_CRASHED, "rank " + rank, "SIGKILL");
    }

    /// Whether an attempt after the first few has finished a step, or the run is over.
    private static boolean goesOn(RunView view, int attempts) {
        return view.finished()
                || view.attempts().stream()
                        .skip(attempts)
                        .anyMatch(attempt -> attempt.path("firstStepAt").isTextual());
    }
}
