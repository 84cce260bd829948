package dev.tanren.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExperimentsTest {

    @Test
    void eachOfTheTwentyFiveFaultsIsThereOnce() {
        assertThat(Experiments.all())
                .extracting(Experiment::number)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 25).boxed().toList());
    }

    @Test
    void whatWasFoundDecidesWhetherAnExperimentHolds() {
        Findings findings = new Findings(line -> {});
        assertThat(findings.hold()).as("nothing was looked at").isFalse();
        findings.check("a step", true, 1);
        findings.told(FaultClass.HUNG, "which rank", true, "rank 1 was stopped");
        assertThat(findings.hold()).isTrue();
        findings.told(FaultClass.PREEMPTED, "which worker", false, "nothing");
        assertThat(findings.hold()).isFalse();
    }

    @Test
    void anExperimentThatCannotBeMadeHereIsNotToldOfAsHeld() {
        Experiment experiment = Experiments.all().getFirst();

        ChaosReport report = ChaosReport.notMade(experiment);

        assertThat(report.json().path("holds").asBoolean()).isFalse();
        assertThat(ChaosReport.table(List.of(report)))
                .contains("not made")
                .contains(experiment.fault())
                .doesNotContain("holds");
    }

    @Test
    void theWorkerOfAnExperimentOnMemoryHasRoomForTheRanksOfThePlanAndForLittleMore() {
        long worker =
                Long.parseLong(
                        MemoryShortage.equipment().environment().get("TANREN_WORKER_MEMORY"));

        assertThat(worker)
                .isBetween(
                        2 * ChaosPlan.memoryOfARank().bytes(),
                        Math.round(2 * 1.15 * ChaosPlan.memoryOfARank().bytes()));
    }

    @Test
    void howRightPeopleWereToldIsCountedInAllAndForEachClass() {
        Findings findings = new Findings(line -> {});
        findings.check("a step", true, 1);
        findings.told(FaultClass.HUNG, "which rank", true, "rank 1");
        findings.told(FaultClass.HUNG, "since when", false, "nothing");
        findings.told(FaultClass.STORAGE, "which part", true, "the object store");
        ChaosReport report = new ChaosReport(Experiments.all().getFirst(), 7, 1, findings);

        ToldRight right = ToldRight.of(List.of(report));

        assertThat(right.inWords()).isEqualTo("told right: 2 of 3 (hung 1 of 2, storage 1 of 1)");
        assertThat(right.json().at("/classes/hung/of").asInt()).isEqualTo(2);
        assertThat(right.json().at("/classes/data/of").asInt()).isZero();
        assertThat(ChaosReport.table(List.of(report))).endsWith(right.inWords());
    }

    @Test
    void anAccountThatLacksOneThingIsRightInAllOthers() throws Exception {
        Instant fault = Instant.now();
        String situation =
                """
                {"state": "recovering", "headline": "stage adapt recovers",
                 "trouble": {"failureClass": "rank_crashed", "code": "TNR-5001",
                             "what": "the process ended by signal 9 (SIGKILL) [rank 1]", "at": "%s"},
                 "evidence": [], "lastStep": 12, "lastStepAt": "%s", "lastStepAgeSeconds": 0.0,
                 "doing": "attempt 2 starts in 3 s and goes on after step 10",
                 "options": [{"command": "./tanren run cancel r", "effect": "loses 2 steps",
                              "stepsLost": 2}]}
                """
                        .formatted(fault, fault);

        assertThat(wrong(situation, fault)).isEmpty();
        assertThat(wrong(situation.replace("[rank 1]", ""), fault)).containsExactly("evidence");
        assertThat(wrong(situation.replace("5001", "5003"), fault))
                .containsExactly("class and code");
        assertThat(wrong(situation.replace("recovering", "succeeded"), fault))
                .containsExactly("the state");
        assertThat(wrong(situation, fault.plusSeconds(60))).containsExactly("since when");
        assertThat(wrong(situation.replace("\"lastStep\": 12", "\"lastStep\": null"), fault))
                .containsExactly("the last step and its age");
        assertThat(wrong(situation.replace("goes on after", "at"), fault))
                .containsExactly("what is done by itself");
        assertThat(wrong(situation.replace("\"stepsLost\": 2", "\"stepsLost\": 3"), fault))
                .as("another number than its words have")
                .containsExactly("what a person can do, and its cost");
        assertThat(wrong(situation.replace("loses 2 steps", "cancels"), fault))
                .containsExactly("what a person can do, and its cost");
    }

    @Test
    void anotherPlaceSaysTheSameOnlyWithItsStateCodeAndEvidence() throws Exception {
        String situation =
                """
                {"state": "waiting", "trouble": null,
                 "evidence": ["Temporal does not answer since 2026-12-01T00:00:00Z (5 s)"]}
                """;
        Telling away = Telling.ofPart(FaultClass.STORAGE, "Temporal");

        assertThat(away.isSaidBy(Json.mapper().readTree(situation))).isTrue();
        assertThat(away.isSaidBy(Json.mapper().readTree(situation.replace("waiting", "failed"))))
                .isFalse();
        assertThat(away.isSaidBy(Json.mapper().readTree(situation.replace("Temporal", "it"))))
                .isFalse();
        assertThat(
                        RankKills.ofKilledRank(1)
                                .isSaidBy(
                                        Json.mapper()
                                                .readTree(
                                                        situation.replace("waiting", "training"))))
                .as("no code")
                .isFalse();
    }

    @Test
    void whatIsPrintedIsWhatIsAsserted() {
        assertThat(Experiments.all().getFirst().passesWhen())
                .startsWith("no kill costs more than " + RankKills.MOST_LOST + " steps");
        assertThat(Experiments.all().get(4).passesWhen())
                .isEqualTo("it is found and named within " + RankFaults.FOUND.toSeconds() + " s");
        assertThat(Experiments.all().get(6).fault())
                .endsWith("for " + NetworkFaults.CUT.toSeconds() + " s or more");
    }

    private static List<String> wrong(String situation, Instant fault) throws IOException {
        Findings findings = new Findings(line -> {});
        RankKills.ofKilledRank(1)
                .check("now", Json.mapper().readTree(situation), fault, 11, findings);
        return findings.checks().stream()
                .filter(check -> !check.holds())
                .map(check -> check.what().replace("told now, ", ""))
                .toList();
    }
}
