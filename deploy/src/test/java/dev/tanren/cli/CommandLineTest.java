package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Commands against an HTTP server that answers what a control plane would.
class CommandLineTest extends CommandTest {

    private static final String RUNNING =
            """
            {"run":{"id":"r1","name":"small","status":"running","step":3,"totalSteps":10},
             "failure":null,"stages":[],"attempts":[]}""";
    private static final String SUCCEEDED = RUNNING.replace("running", "succeeded");
    private static final String FAILED =
            """
            {"run":{"id":"r1","name":"small","status":"failed"},
             "failure":{"code":"TNR-5001","what":"A rank crashed.","where":"rank 1",
             "mend":"Look at its log."},"stages":[],"attempts":[]}""";

    @Test
    void aListIsATableForPeopleAndOneLineOfJsonForScripts() {
        answers.put(
                "GET /runs",
                new Answer(
                        200,
                        """
                        {"items":[{"id":"r1","name":"small","status":"running","stage":"adapt",
                        "step":3,"totalSteps":10,"loss":2.5,"attempts":1}],"nextCursor":null}"""));

        assertThat(run("run", "list").out().lines())
                .hasSize(2)
                .last()
                .asString()
                .containsPattern("r1 +small +running +adapt +3/10 +2.5000");
        Result json = run("run", "list", "--json");
        assertThat(json.out().lines()).hasSize(1);
        assertThat(json.tree().get(0).path("id").asText()).isEqualTo("r1");
        assertThat(run("run", "list", "-o", "yaml").out()).contains("- id: r1");
    }

    @Test
    void aRequestShowsTheTokenAndNeverPrintsIt() {
        answers.put("GET /runs/r1", new Answer(200, RUNNING));

        Result result = run("run", "get", "r1", "--json");

        assertThat(sent("GET /runs/r1").authorization()).isEqualTo("Bearer tnr_right");
        assertThat(result.out() + result.err()).doesNotContain("tnr_right");
    }

    @Test
    void aProblemIsPrintedWithItsMendAndItsKindDecidesTheExitCode() {
        answers.put("GET /runs/r1", problem(404, "TNR-6004"));
        answers.put("GET /runs", problem(401, "TNR-6002"));
        answers.put("POST /runs/r1/pause", problem(409, "TNR-6005"));

        Result missing = run("run", "get", "r1");

        assertThat(missing.exitCode()).isEqualTo(3);
        assertThat(missing.out()).isEmpty();
        assertThat(missing.err()).contains("TNR-6004", "what it was", "where: there", "mend:  so");
        assertThat(run("run", "list").exitCode()).isEqualTo(4);
        assertThat(run("run", "pause", "r1").exitCode()).isEqualTo(5);
    }

    @Test
    void anUnknownOptionIsAUsageErrorThatPointsToTheHelp() {
        Result result = run("run", "list", "--no-such-option");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .contains("TNR-7005", "--no-such-option", "./tanren run list --help");
    }

    @Test
    void waitTellsSuccessFromFailureAndFromATimeout() {
        answers.put("GET /runs/r1", new Answer(200, SUCCEEDED));
        assertThat(run("run", "wait", "r1").exitCode()).isZero();

        answers.put("GET /runs/r1", new Answer(200, FAILED));
        Result failed = run("run", "wait", "r1");
        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(failed.err()).contains("TNR-5001", "A rank crashed.", "Look at its log.");

        answers.put("GET /runs/r1", new Answer(200, RUNNING));
        Result late = run("run", "wait", "r1", "--timeout", "100ms");
        assertThat(late.exitCode()).isEqualTo(6);
        assertThat(late.err()).contains("TNR-7007", "./tanren run watch r1");
        Result json = run("run", "wait", "r1", "--timeout", "100ms", "--json");
        assertThat(json.exitCode()).isEqualTo(6);
        assertThat(json.tree().path("status").asText()).isEqualTo("running");
        assertThat(json.err()).startsWith("{\"code\":\"TNR-7007\"");
    }

    @Test
    void watchPrintsEveryEventOnceAndEndsWithTheRun() {
        answers.put("GET /runs/r1", new Answer(200, SUCCEEDED));
        answers.put(
                "GET /runs/r1/events",
                new Answer(
                        200,
                        """
                        id: 1
                        data: {"id":1,"type":"run.started","message":"Started.","at":"2026-01-02T03:04:05Z"}

                        : alive

                        id: 1
                        data: {"id":1,"type":"run.started","message":"Started.","at":"2026-01-02T03:04:05Z"}

                        id: 2
                        data: {"id":2,"type":"run.succeeded","message":"Done.","at":"2026-01-02T03:04:06Z"}

                        """));

        assertThat(run("run", "watch", "r1").out().lines())
                .containsExactly("03:04:05  Started.", "03:04:06  Done.");
        assertThat(run("run", "watch", "r1", "--json").out().lines()).hasSize(2);
    }

    @Test
    void watchDoesNotAskAgainForAStreamThatSaidItsEnd() {
        String running =
                """
                {"run":{"id":"r1","status":"running"},"failure":null}""";
        inTurn.put(
                "GET /runs/r1",
                List.of(new Answer(200, running), new Answer(200, SUCCEEDED)).iterator());
        answers.put("GET /runs/r1", new Answer(200, SUCCEEDED));
        answers.put(
                "GET /runs/r1/events",
                new Answer(
                        200,
                        """
                        id: 7/adapt/1/40
                        event: event
                        data: {"id":7,"type":"run.succeeded","message":"Done."}

                        id: 7/adapt/1/40
                        event: end
                        data: {"status":"succeeded"}

                        """));

        assertThat(run("run", "watch", "r1", "--json").out().lines())
                .filteredOn(line -> line.contains("\"id\""))
                .singleElement(STRING)
                .contains("\"run.succeeded\"");
        assertThat(received).extracting(Request::key).containsOnlyOnce("GET /runs/r1/events");
    }

    @Test
    void theWholeOfALogIsPrintedLineByLine() {
        answers.put(
                "GET /runs/r1/logs",
                new Answer(
                        200,
                        """
                        {"items":[{"stage":"base","attempt":2,"rank":0,"bytes":4}]}"""));
        answers.put("GET /runs/r1/logs/base/2/0", new Answer(200, "a\nb\n"));

        assertThat(run("run", "logs", "r1", "--all").out()).isEqualTo("a\nb\n");
        assertThat(run("run", "logs", "r1", "--all", "--json").out().lines()).hasSize(2);

        // What a terminal would obey; a file has the log as it is.
        answers.put("GET /runs/r1/logs/base/2/0", new Answer(200, "a\tb\u001b]52;c;eA==\u0007\n"));
        assertThat(run("run", "logs", "r1", "--all").out()).contains("\u001b]52");
        redirected = false;
        assertThat(run("run", "logs", "r1", "--all").out())
                .isEqualTo("a\tb\\u001b]52;c;eA==\\u0007\n");
    }

    @Test
    void watchOfARunThatWasTriedAgainGoesOnBehindItsFirstEnd() {
        answers.put("GET /runs/r1", new Answer(200, SUCCEEDED));
        answers.put(
                "GET /runs/r1/events",
                new Answer(
                        200,
                        """
                        data: {"id":1,"type":"run.cancelled","message":"Cancelled."}

                        data: {"id":2,"type":"run.queued","message":"Again."}

                        data: {"id":3,"type":"run.succeeded","message":"Done."}

                        """));

        assertThat(run("run", "watch", "r1", "--json").out().lines())
                .extracting(line -> line.replaceFirst(".*\"type\":\"([a-z.]+)\".*", "$1"))
                .containsExactly("run.cancelled", "run.queued", "run.succeeded");
    }

    @Test
    void watchIntoAFileHasTheStepsWithTheirLosses() {
        String atWork =
                """
                {"run":{"id":"r1","status":"%s","stage":"adapt","step":%d,"totalSteps":10,
                 "loss":2.5,"tokensPerSecond":1200},"failure":null}""";
        Iterator<Answer> polls =
                List.of(
                                new Answer(200, atWork.formatted("running", 3)),
                                new Answer(200, atWork.formatted("running", 3)),
                                new Answer(200, atWork.formatted("running", 7)),
                                new Answer(200, atWork.formatted("succeeded", 10)))
                        .iterator();
        String ended =
                "id: 1\ndata: {\"id\":1,\"type\":\"run.succeeded\",\"message\":\"Done.\"}\n\n";
        answers.put("GET /runs/r1/events", new Answer(200, ended));
        inTurn.put("GET /runs/r1", polls);

        assertThat(run("run", "watch", "r1").out().lines())
                .filteredOn(line -> line.contains("step "))
                .allMatch(line -> line.endsWith(", loss 2.5000, 1200 tokens/s"))
                .extracting(line -> line.replaceFirst(".*(adapt: step \\d+ of 10).*", "$1"))
                .containsExactly(
                        "adapt: step 3 of 10", "adapt: step 7 of 10", "adapt: step 10 of 10");
    }

    @Test
    void submitMakesRelativeFileUrisAbsoluteAgainstThePlansFolder() throws Exception {
        answers.put("POST /runs", new Answer(201, "{\"id\":\"r1\"}"));
        Path plan = folder.resolve("plans/plan.yaml");
        Files.createDirectories(plan.getParent());
        Files.writeString(plan, PLAN);

        Result result = run("run", "submit", plan.toString(), "--idempotency-key", "k1");

        assertThat(result.err()).contains("./tanren run watch r1");
        assertThat(result.out()).isEqualTo("r1\n");
        Request sent = sent("POST /runs");
        assertThat(sent.idempotencyKey()).isEqualTo("k1");
        assertThat(sent.contentType()).isEqualTo("application/yaml");
        assertThat(sent.body())
                .isEqualTo(
                        PLAN.replace(
                                        "file:./tokenizer.json",
                                        "\"file:" + plan.resolveSibling("tokenizer.json") + "\"")
                                .replace("file:../corpus", "file:" + folder.resolve("corpus")));
    }

    @Test
    void aPlanWithMistakesIsNotSentAndNamesThem() throws Exception {
        Path plan = folder.resolve("plan.yaml");
        Files.writeString(
                plan, PLAN.replace("learningRate", "learnigRate").replace("seed: 1", "sead: 1"));

        Result result = run("run", "submit", plan.toString());

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("learnigRate", "learningRate", "sead", plan.toString());
        assertThat(requests).isEmpty();
        assertThat(run("plan", "validate", plan.toString()).exitCode()).isEqualTo(2);
        assertThat(run("plan", "validate", plan.toString(), "--json").tree().path("problems"))
                .hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void validateNamesEachProblemByItsCodeAsEverythingElseDoes() throws Exception {
        Path plan = folder.resolve("plan.yaml");
        Files.writeString(plan, PLAN.replace("sources: [{", "sources: [{textField: \"te\\0xt\", "));

        Result result = run("plan", "validate", plan.toString(), "--json");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.tree().path("problems"))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.path("code").asText()).isEqualTo("TNR-1005");
                            assertThat(problem.path("line").asInt()).isEqualTo(8);
                        });
        Files.writeString(plan, PLAN.replace("seed: 1", "sead: 1"));
        assertThat(run("plan", "validate", plan.toString(), "--json").tree().path("problems"))
                .extracting(problem -> problem.path("code").asText())
                .containsExactly("TNR-1002");
    }

    @Test
    void explainNeedsNoServer() throws Exception {
        Path plan = folder.resolve("plan.yaml");
        Files.writeString(plan, PLAN);
        server.stop(0);

        Result result = run("plan", "explain", plan.toString());

        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("parameters", "stage base (pretrain)", "memory of a rank");
        assertThat(run("plan", "explain", plan.toString(), "--json").tree().path("stages"))
                .hasSize(1);
    }

    @Test
    void explainSaysHowOftenThePlanGoesThroughWhatItCanKnow() throws Exception {
        Path plan = folder.resolve("plan.yaml");
        Files.write(folder.resolve("train.bin"), new byte[2 * 512]);
        Path corpus = Files.createDirectories(folder.resolve("few/deep"));
        Files.writeString(corpus.resolve("a.txt"), "x".repeat(99));
        Files.writeString(
                plan,
                PLAN.replace(
                                "code: {sources: [{uri: \"file:../corpus\", include: \"**/*.java\"}]}",
                                "ids: {sources: [{uri: \"file:./train.bin\", format: tokens-u16}],"
                                        + " holdout: 0}\n"
                                        + "  few: {sources: [{uri: \"file:./few\"}]}\n"
                                        + "  far: {sources: [{uri: \"s3://bucket/far\"}]}")
                        .replace("mix: {code: 1.0}", "mix: {ids: 0.5, few: 0.25, far: 0.25}"));

        Result result = run("plan", "explain", plan.toString());

        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .contains("data: phase only goes through ids 10.0 times, for 40 blocks")
                .contains("data: phase only goes through few at least 25.6 times, for 20 blocks")
                .doesNotContain("through far");
        JsonNode uses = run("plan", "explain", plan.toString(), "--json").tree().path("uses");
        assertThat(uses).hasSize(2);
        assertThat(uses.path(0).path("times").asDouble()).isEqualTo(10);
        assertThat(uses.path(1).path("orMore").asBoolean()).isTrue();
    }

    @Test
    void aPlanThatIsNotUtf8IsRefusedWithItsPlace() throws Exception {
        Path plan = folder.resolve("latin.yaml");
        Files.write(
                plan,
                (PLAN + "# caf\u00e9\n").getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        long line = PLAN.lines().count() + 1;

        for (String command : java.util.List.of("validate", "explain")) {
            Result result = run("plan", command, plan.toString());
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.err()).contains("TNR-1001", "0xE9", "latin.yaml:" + line + ":6");
        }
    }

    @Test
    void aFileNameInAnErrorIsShownEscaped() {
        Result result = run("plan", "validate", folder.resolve("a\n\u001b[2Jb").toString());

        assertThat(result.err()).contains("a\\n\\u001b[2Jb").doesNotContain("\u001b");
    }

    @Test
    void explainSaysWhatToChangeWhereAPlanDoesNotFit() {
        String plan =
                Path.of("../docs/examples/seven-billion.yaml")
                        .toAbsolutePath()
                        .normalize()
                        .toString();

        Result result = run("plan", "explain", plan, "--device", "16GB");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("6,738,415,616 parameters", "13.5 GB", "does not fit")
                .contains("activations: full", "settings that fit", "16 ")
                .doesNotContain("null");
        assertThat(result.out()).contains("bf16: faster than fp32 where");
        assertThat(result.err()).isEmpty();
        assertThat(run("plan", "explain", plan, "--device", "abacus").exitCode()).isEqualTo(2);
        JsonNode fit =
                run("plan", "explain", plan, "--device", "16GB", "--json")
                        .tree()
                        .at("/stages/0/training/compute/fit");
        assertThat(fit.path("fits").asBoolean(true)).isFalse();
        assertThat(fit.path("fitting")).isNotEmpty();
    }

    @Test
    void explainTakesWhatCannotRunYetAndSaysSo() throws Exception {
        Path plan = folder.resolve("ahead.yaml");
        Files.writeString(
                plan,
                Files.readString(Path.of("../docs/examples/seven-billion.yaml"))
                        .replace(
                                "precision: bf16",
                                "parallelism: {data: 2, sharding: full}\n    precision: bf16"));

        Result result = run("plan", "explain", plan.toString(), "--device", "cpu");

        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).contains("sharding");
        assertThat(result.out()).contains("bf16: this machine's processor has");
    }

    @Test
    void aPlanFileThatIsNotThereIsNamed() {
        Result result = run("plan", "validate", folder.resolve("none.yaml").toString());

        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).contains("none.yaml");
    }

    @Test
    void withoutAStackTheErrorSaysHowToStartOne() {
        environment.remove("TANREN_SERVER");

        Result result = run("run", "list");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("TNR-7003", "./tanren up");
    }

    @Test
    void logsAreThoseOfRankZeroOfTheNewestAttempt() {
        answers.put(
                "GET /runs/r1/logs",
                new Answer(
                        200,
                        """
                        {"items":[{"stage":"base","attempt":1,"rank":0},
                        {"stage":"base","attempt":2,"rank":0},{"stage":"base","attempt":2,"rank":1}]}"""));
        answers.put(
                "GET /runs/r1/logs?attempt=2&rank=0&stage=base&tail=400",
                new Answer(200, "a\nb\n"));

        assertThat(run("run", "logs", "r1").out()).isEqualTo("a\nb\n");
        assertThat(run("run", "logs", "r1", "--json").out().lines())
                .first()
                .asString()
                .contains("\"attempt\":2", "\"line\":\"a\"");
        assertThat(run("run", "logs", "r1", "--rank", "7").exitCode()).isEqualTo(3);
    }
}
