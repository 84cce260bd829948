package dev.tanren.deploy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoReportTest {

    private static final DemoReport.Change FELL = new DemoReport.Change(5.0, 4.0);
    private static final Saboteur.Cost RANK = new Saboteur.Cost("rank", 27, 6.5, 7);
    private static final Saboteur.Cost WORKER = new Saboteur.Cost("worker", 73, 14.25, 13);

    @Test
    void theJsonHasTheKeysThatPeopleScriptAgainst() {
        JsonNode json = report("aa", "aa", List.of(RANK, WORKER)).json();

        assertThat(json.fieldNames())
                .toIterable()
                .containsExactly(
                        "ok",
                        "stages",
                        "kills",
                        "weightsSha256",
                        "uninterruptedSha256",
                        "identical",
                        "tokensPerSecond",
                        "losses");
        assertThat(json.path("kills").get(0).toString())
                .isEqualTo("{\"what\":\"rank\",\"recoverySeconds\":6.5,\"stepsRecomputed\":7}");
        assertThat(json.path("ok").asBoolean()).isTrue();
    }

    @Test
    void otherBitsAreNotOk() {
        DemoReport report = report("aa", "bb", List.of(RANK, WORKER));

        assertThat(report.ok()).isFalse();
        assertThat(report.json().path("identical").asBoolean()).isFalse();
        assertThat(report.text()).contains("DIFFERENT");
    }

    @Test
    void aKillThatCouldNotBeCarriedOutIsNotOk() {
        assertThat(report("aa", "aa", List.of(RANK)).ok()).isFalse();
    }

    @Test
    void theColumnsOfTheTableStandUnderTheirHeads() {
        List<String> lines = report("aa", "aa", List.of(RANK, WORKER)).text().lines().toList();

        assertThatEndsUnder(lines, "stage ", "adapt ", "tokens/s", "1,234");
        assertThatEndsUnder(lines, "stage ", "adapt ", "time", "61 s");
        assertThatEndsUnder(lines, "killed ", "worker ", "steps recomputed", "13");
        assertThatEndsUnder(lines, "killed ", "worker ", "at step", "73");
    }

    @Test
    void theSampleStandsBelowWhatItGoesOnFrom() {
        assertThat(report("aa", "aa", List.of(RANK, WORKER)).text())
                .contains("\nprompt     class A {\n           \nsample     public static\n");
    }

    private static void assertThatEndsUnder(
            List<String> lines, String head, String row, String title, String value) {
        String heads = line(lines, head);
        String values = line(lines, row);
        assertThat(values.indexOf(value) + value.length())
                .as("%s%n%s", heads, values)
                .isEqualTo(heads.indexOf(title) + title.length());
    }

    private static String line(List<String> lines, String start) {
        return lines.stream().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
    }

    private static DemoReport report(String killed, String undisturbed, List<Saboteur.Cost> kills) {
        return new DemoReport(
                List.of(
                        new DemoReport.StageFigures("adapt", "cpt", 61.4, 110, 1234.4),
                        new DemoReport.StageFigures("release", "export", 6.2, 0, null)),
                kills,
                killed,
                undisturbed,
                1234.4,
                Map.of("code", FELL),
                "class A {\n",
                "public static");
    }
}
