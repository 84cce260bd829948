package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AuditCommandTest extends CommandTest {

    private static String entry(int id) {
        return """
        {"id":%d,"at":"2026-11-24T08:00:00.5Z","actorId":"t-1","actor":"mei","role":"operator",
         "address":"127.0.0.1","action":"run.pause","subject":"run/1","reason":"a\\u001b[2Jtest",
         "before":{"state":"running"},"after":{"state":"pausing"},"detail":{},"hash":"ab"}"""
                .formatted(id);
    }

    @Test
    void entriesAreListedOverAllPagesWithWhatTheyChanged() {
        answers.put(
                "GET /audit?actor=mei&limit=50",
                new Answer(200, "{\"items\":[" + entry(3) + "],\"nextCursor\":\"3\"}"));
        answers.put(
                "GET /audit?actor=mei&cursor=3&limit=49",
                new Answer(200, "{\"items\":[" + entry(2) + "],\"nextCursor\":null}"));

        Result listed = run("audit", "--actor", "mei");

        assertThat(listed.exitCode()).isZero();
        List<String> lines = listed.out().lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1))
                .startsWith("3 ")
                .contains("2026-11-24 08:00:00Z", "mei", "127.0.0.1", "running → pausing")
                .doesNotContain("\u001b");
        assertThat(run("audit", "--actor", "mei", "--json").tree()).hasSize(2);
    }

    @Test
    void aTimeIsAMomentOrHowLongAgo() {
        answers.put("GET /audit", new Answer(200, "{\"items\":[],\"nextCursor\":null}"));
        assertThat(run("audit", "--since", "2026-11-24T08:00:00Z").exitCode()).isZero();
        assertThat(sent("GET /audit").key()).contains("since=2026-11-24T08%3A00%3A00Z");
        assertThat(run("audit", "--since", "7d", "--action", "run").exitCode()).isZero();
        assertThat(sent("GET /audit").key())
                .contains("action=run")
                .containsPattern("since=20\\d\\d-");
        Result wrong = run("audit", "--since", "yesterday");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("TNR-7005", "yesterday");
    }

    @Test
    void aWholeChainIsSaidToBeWholeWithItsEnds() {
        answers.put(
                "GET /audit/verification",
                new Answer(
                        200,
                        "{\"entries\":2,\"first\":%s,\"last\":%s,\"whole\":true,\"firstBroken\":null}"
                                .formatted(entry(1), entry(2))));
        Result verified = run("audit", "--verify");
        assertThat(verified.exitCode()).isZero();
        assertThat(verified.out().lines())
                .containsExactly(
                        "whole   2 entries",
                        "first   1  2026-11-24T08:00:00.5Z  ab",
                        "last    2  2026-11-24T08:00:00.5Z  ab");
    }

    @Test
    void aBrokenChainIsAnErrorThatNamesTheEntry() {
        answers.put(
                "GET /audit/verification",
                new Answer(
                        200,
                        "{\"entries\":16,\"first\":%s,\"last\":%s,\"whole\":false,\"firstBroken\":17}"
                                .formatted(entry(1), entry(16))));
        Result verified = run("audit", "--verify");
        assertThat(verified.exitCode()).isEqualTo(1);
        assertThat(verified.err()).contains("TNR-7009", "audit entry 17");
        Result json = run("audit", "--verify", "--json");
        assertThat(json.exitCode()).isEqualTo(1);
        assertThat(json.tree().path("firstBroken").asInt()).isEqualTo(17);
    }
}
