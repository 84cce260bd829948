package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.RunView;
import dev.tanren.spec.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What can happen to one rank while its process stays.
final class RankFaults {

    private static final int STEPS = 80;

    /// Three times the longest silence of the small model, and the floor of 30 s.
    static final Duration FOUND = Duration.ofSeconds(60);

    private RankFaults() {}

    static void stopped(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("stopped-rank", STEPS);
        long before = laboratory.awaitStep(id, 8 + laboratory.random().nextInt(10)).step();
        List<Long> ranks = laboratory.awaitRanks();
        laboratory.say("SIGSTOP of rank 1, process " + ranks.getLast());
        Instant fault = Instant.now();
        laboratory.signal("STOP", ranks.getLast());
        boolean found =
                laboratory.comesAbout(FOUND, () -> laboratory.run(id).attempts().size() > 1);
        findings.check(
                "the hang is found within " + FOUND.toSeconds() + " s",
                found,
                laboratory.run(id).attempts().size() + " attempts");
        new OnCall(laboratory, findings)
                .expect(
                        "after the hang",
                        id,
                        fault,
                        before,
                        Telling.ofAttempt(
                                FaultClass.HUNG,
                                ErrorCode.RANK_HUNG,
                                "no sign of work from rank 1",
                                "T (stopped)"));
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        List<String> ends =
                ended.attempts().stream()
                        .map(attempt -> attempt.path("failureClass").asText("none"))
                        .toList();
        findings.check(
                "the first attempt ended as hung, and no other",
                ends.getFirst().equals("HUNG") && ends.stream().filter("HUNG"::equals).count() == 1,
                ends);
    }
}
