package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Experiment.Procedure;
import dev.tanren.deploy.client.RunView;
import java.util.List;

/// Kills whatever chance says: a rank, the worker, or a part that they lean on.
record ManyKills(int kills) implements Procedure {

    private static final List<String> VICTIMS =
            List.of(
                    "rank",
                    "rank",
                    "rank",
                    "worker",
                    "temporal",
                    "postgres",
                    "objects",
                    "control-plane");

    /// Enough that a run which gains ground between two kills lasts for all of them.
    private static final int STEPS_A_KILL = 16;

    @Override
    public void run(Laboratory laboratory, Findings findings) throws InterruptedException {
        int steps = Math.max(80, STEPS_A_KILL * (kills + 1));
        laboratory.undisturbed(steps);
        String id = laboratory.submit("many-kills", steps);
        int made = 0;
        long from = 3;
        while (made < kills) {
            RunView view = laboratory.awaitStep(id, from);
            Thread.sleep(laboratory.random().nextInt(2_000));
            String victim = VICTIMS.get(laboratory.random().nextInt(VICTIMS.size()));
            long process = process(laboratory, victim);
            laboratory.signal("KILL", process);
            made++;
            laboratory.say(
                    "kill %d of %d: %s at step %d".formatted(made, kills, victim, view.step()));
            from = view.step() + STEPS_A_KILL / 2;
        }
        new OnCall(laboratory, findings).look("after the last kill", id);
        RunView ended = new Aftermath(laboratory, findings).of(id, steps);
        long recomputed =
                ended.attempts().stream()
                        .mapToLong(attempt -> attempt.path("stepsRecomputed").asLong())
                        .sum();
        findings.check(
                "goodput: steps that counted of those that were computed",
                recomputed < steps,
                "%.0f %%".formatted(100.0 * steps / (steps + recomputed)));
    }

    private static long process(Laboratory laboratory, String victim) throws InterruptedException {
        if (victim.equals("rank")) {
            List<Long> ranks = laboratory.awaitRanks();
            return ranks.get(laboratory.random().nextInt(ranks.size()));
        }
        return laboratory.part(victim);
    }
}
