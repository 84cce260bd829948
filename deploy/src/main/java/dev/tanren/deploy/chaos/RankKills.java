package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Experiment.Procedure;
import dev.tanren.deploy.client.RunView;
import java.time.Duration;
import java.util.List;

/// Kills ranks at random points, each time after the run has got beyond where it was.
///
/// @param kills how often
record RankKills(int kills) implements Procedure {

    /// A worker's silence and the start of ranks.
    private static final Duration BACK_AT_WORK = Duration.ofSeconds(23);

    private static final int STEPS = 160;

    @Override
    public void run(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-ranks", STEPS);
        long from = 5;
        for (int kill = 1; kill <= kills; kill++) {
            from += laboratory.random().nextInt(STEPS / kills / 2);
            laboratory.awaitStep(id, from);
            List<Long> ranks = laboratory.awaitRanks();
            long step = laboratory.run(id).step();
            int attempts = laboratory.run(id).attempts().size();
            laboratory.say("kill %d of %d, at step %d".formatted(kill, kills, step));
            laboratory.signal("KILL", ranks.get(laboratory.random().nextInt(ranks.size())));
            boolean back =
                    laboratory.comesAbout(BACK_AT_WORK, () -> goesOn(laboratory.run(id), attempts));
            findings.check(
                    "training goes on within " + BACK_AT_WORK.toSeconds() + " s of kill " + kill,
                    back,
                    "at step " + laboratory.run(id).step());
            from = step + STEPS / kills / 2;
        }
        new OnCall(laboratory, findings).look("after the kills", id);
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        long most =
                ended.attempts().stream()
                        .mapToLong(attempt -> attempt.path("stepsRecomputed").asLong())
                        .max()
                        .orElse(0);
        findings.check(
                "no kill costs more than the steps between two saves and one under way",
                most <= 2L * ChaosPlan.STEPS_BETWEEN_SAVES,
                "at most " + most + " steps");
        findings.checkTold("that a rank crashed, and by which signal", "rank", "SIGKILL");
    }

    /// Whether an attempt after the first few has finished a step, or the run is over.
    private static boolean goesOn(RunView view, int attempts) {
        return view.finished()
                || view.attempts().stream()
                        .skip(attempts)
                        .anyMatch(attempt -> attempt.path("firstStepAt").isTextual());
    }
}
