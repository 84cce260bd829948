package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Experiment.Procedure;
import dev.tanren.deploy.client.RunView;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Kills whatever chance says: a rank, the worker, or a part that they lean on. Passes when the run
/// ends with the bits of the undisturbed one; the first kill of a rank and of the worker must have
/// been told.
record ManyKills(int kills) implements Procedure {

    private static final String RANK = "rank";
    private static final String WORKER = "worker";
    private static final List<String> VICTIMS =
            List.of(RANK, RANK, RANK, WORKER, "temporal", "postgres", "objects", "control-plane");

    /// Enough that a run which gains ground between two kills lasts for all of them.
    private static final int STEPS_A_KILL = 16;

    @Override
    public void run(Laboratory laboratory, Findings findings) throws InterruptedException {
        int steps = Math.max(80, STEPS_A_KILL * (kills + 1));
        laboratory.undisturbed(steps);
        String id = laboratory.submit("many-kills", steps);
        Set<String> told = new HashSet<>();
        long from = 3;
        for (int made = 1; made <= kills; made++) {
            long step = laboratory.awaitStep(id, from).step();
            Thread.sleep(laboratory.random().nextInt(2_000));
            String victim = VICTIMS.get(laboratory.random().nextInt(VICTIMS.size()));
            List<Long> processes =
                    victim.equals(RANK)
                            ? laboratory.awaitRanks()
                            : List.of(laboratory.part(victim));
            int one = laboratory.random().nextInt(processes.size());
            laboratory.say("kill %d of %d: %s at step %d".formatted(made, kills, victim, step));
            Instant fault = Instant.now();
            laboratory.signal("KILL", processes.get(one));
            if (Set.of(RANK, WORKER).contains(victim) && told.add(victim)) {
                new OnCall(laboratory, findings)
                        .expect(
                                "after kill " + made,
                                id,
                                fault,
                                step,
                                victim.equals(RANK)
                                        ? RankKills.ofKilledRank(one)
                                        : WorkerFaults.ofLostWorker("last heard of"));
            }
            from = step + STEPS_A_KILL / 2;
        }
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
}
