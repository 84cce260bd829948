package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What can happen to one rank while its process stays.
final class RankFaults {

    private static final int STEPS = 80;

    /// Three times the longest silence of the small model, and the floor of 30 s.
    static final Duration FOUND = Duration.ofSeconds(60);

    private static final Duration SLOW = Duration.ofSeconds(20);
    private static final String STRAGGLER = "straggler";

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
        List<String> ends = classes(ended);
        findings.check(
                "the first attempt ended as hung, and no other",
                ends.getFirst().equals("HUNG") && ends.stream().filter("HUNG"::equals).count() == 1,
                ends);
    }

    /// Of the failures of all attempts, of which every phase has one at least.
    static List<String> classes(RunView run) {
        return run.attempts().stream()
                .map(attempt -> attempt.path("failureClass").asText("none"))
                .toList();
    }

    /// Passes when it is waited for, nothing is killed for it, and a person is told which one
    /// it is.
    static void slowed(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("slow-rank", STEPS);
        laboratory.awaitStep(id, 3 + laboratory.random().nextInt(10));
        laboratory.say("rank 1 has a quarter of the time for " + SLOW.toSeconds() + " s");
        long end = System.nanoTime() + SLOW.toNanos();
        try (Repeated _ = DutyCycle.begin(() -> second(laboratory.ranks()))) {
            JsonNode told = Json.mapper().createObjectNode();
            while (System.nanoTime() < end && !laboratory.run(id).finished()) {
                // Between two phases there is no verdict on either.
                told = isOfStraggler(told) ? told : diagnosis(laboratory, id);
                Thread.sleep(100);
            }
            String words = told.path("evidence").asText() + " " + told.path("mend").asText();
            findings.told("while it is slow", "diagnosis", told.path("verdict").asText());
            findings.told(
                    FaultClass.HUNG,
                    "while it is slow, which rank the others wait for",
                    isOfStraggler(told)
                            && Telling.holdsAll(
                                    words, List.of("rank 1 computes", "node of rank 1")),
                    words);
            String state = told.path("situation").path("state").asText();
            findings.told(
                    FaultClass.HUNG,
                    "while it is slow, the state",
                    state.equals("training"),
                    state);
        }
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        List<String> ends = classes(ended);
        findings.check(
                "nothing was killed for it, no attempt is lost",
                ends.stream().allMatch("none"::equals),
                ends);
    }

    /// 0 where there are not two.
    private static long second(List<Long> ranks) {
        return ranks.size() < 2 ? 0 : ranks.get(1);
    }

    private static JsonNode diagnosis(Laboratory laboratory, String id) {
        return laboratory.api().get("/runs/" + id + "/diagnosis");
    }

    private static boolean isOfStraggler(JsonNode diagnosis) {
        return diagnosis.path("verdict").asText().equals(STRAGGLER);
    }
}
