package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.RunView;
import java.time.Duration;
import java.util.List;

/// What can happen to one rank while its process stays.
final class RankFaults {

    private static final int STEPS = 80;

    /// Three times the longest silence of the small model, and the floor of 30 s.
    private static final Duration FOUND = Duration.ofSeconds(60);

    private RankFaults() {}

    static void stopped(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("stopped-rank", STEPS);
        laboratory.awaitStep(id, 8 + laboratory.random().nextInt(10));
        List<Long> ranks = laboratory.awaitRanks();
        laboratory.say("SIGSTOP of rank 1, process " + ranks.getLast());
        laboratory.signal("STOP", ranks.getLast());
        boolean found =
                laboratory.comesAbout(FOUND, () -> laboratory.run(id).attempts().size() > 1);
        findings.check(
                "the hang is found within " + FOUND.toSeconds() + " s",
                found,
                laboratory.run(id).attempts().size() + " attempts");
        new OnCall(laboratory, findings).look("after the hang", id);
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        findings.check(
                "the attempt ended as hung",
                ended.attempts().getFirst().path("failureClass").asText().equals("HUNG"),
                ended.attempts().getFirst().path("failureClass").asText());
        findings.checkTold("which rank was stopped", "rank 1", "stopped");
    }
}
