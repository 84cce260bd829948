package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What commands ask, preview and print of runs.
class RunCommandsTest extends CommandTest {

    private static final String RUN =
            """
            {"run":{"id":"r1","name":"small","status":"running","step":3,"totalSteps":10,
             "actions":["pause","cancel"]},"failure":null,"stages":[],"attempts":[],
             "planText":"# mine\\nname: small","planMediaType":"application/yaml"}""";
    private static final String FAILURE =
            """
            {"code":"TNR-5003","failureClass":"hung","what":"rank 1 is silent","where":"rank 1",
             "mend":"the run has ended: look at the stacks"}""";
    private static final String SITUATION =
            """
            {"state":"recovering","headline":"attempt 1 ended 3 s ago","since":null,
             "trouble":{"failureClass":"hung","code":"TNR-5003","what":"no sign of work from rank 1",
               "mend":"Read the stacks","at":"2026-11-30T03:12:05.5Z"},
             "evidence":["attempt 1 on worker w-1 ended after step 46: hung",
               "rank 1 has finished step 46, others step 47"],
             "lastStep":46,"lastStepAt":"2026-11-30T03:11:53Z","lastStepAgeSeconds":12.2,
             "doing":"attempt 2 (try 2 of 6) starts in 12 s",
             "options":[
               {"action":"cancel","command":"./tanren run cancel r1","effect":"ends the run now"},
               {"action":"look",
                "command":"./tanren run logs r1 --stage adapt --attempt 1 --rank 1",
                "effect":"shows its stacks"}]}""";
    private static final String RECOVERY =
            """
            {"stage":"adapt","resumeStep":5,"lastStep":7,"stepsLost":2,"secondsLost":75.0,
             "summary":"Resumes stage adapt from step 5, loses 2 steps, on 2 ranks."}""";

    @BeforeEach
    void answersForARunThatIsAtWork() {
        answers.put("GET /runs/r1", new Answer(200, RUN));
        answers.put("GET /runs/r1/recovery", new Answer(200, RECOVERY));
        answers.put("POST /runs/r1/cancel", new Answer(202, "{\"status\":\"cancelling\"}"));
    }

    @Test
    void aPersonIsAskedBeforeARunIsCancelledAndNothingHappensWithoutAYes() {
        interactive = true;
        for (String answer : new String[] {"n\n", "\n", "", "yess\n"}) {
            typed = answer;
            Result declined = run("run", "cancel", "r1");
            assertThat(declined.exitCode()).isEqualTo(130);
            assertThat(declined.err())
                    .contains("Cancel run small, which is running at step 3 of 10?", "--yes");
        }
        assertThat(requests).doesNotContainKey("POST /runs/r1/cancel");

        typed = "Yes\n";
        assertThat(run("run", "cancel", "r1").exitCode()).isZero();
        assertThat(sent("POST /runs/r1/cancel").body()).isEqualTo("{}");
    }

    @Test
    void aRunIsDeletedOnlyAfterAYesAndTheReasonGoesAlong() {
        answers.put("DELETE /runs/r1", new Answer(200, "{\"id\":\"r1\",\"objects\":14}"));
        answers.put(
                "DELETE /runs/r1?reason=no%20use",
                new Answer(200, "{\"id\":\"r1\",\"objects\":14}"));
        interactive = true;
        typed = "n\n";
        Result declined = run("run", "delete", "r1");
        assertThat(declined.exitCode()).isEqualTo(130);
        assertThat(declined.err()).contains("Delete run small, which is running");
        assertThat(requests).doesNotContainKey("DELETE /runs/r1");

        Result deleted = run("run", "delete", "r1", "--yes", "--reason", "no use");
        assertThat(deleted.exitCode()).isZero();
        assertThat(deleted.err()).contains("r1 is deleted, and 14 objects with it");
        assertThat(run("run", "delete", "r1", "--yes", "--json").tree().path("objects").asInt())
                .isEqualTo(14);
    }

    @Test
    void theStoreIsRebuiltFromAndCollected() {
        answers.put(
                "POST /store/rebuild",
                new Answer(
                        200,
                        """
                        {"restoredRuns":["r1","r2"],"checkpoints":3,"atWork":[],
                         "withoutRecord":["r9"],"tokensAbove":1000000}"""));
        answers.put(
                "POST /store/collect",
                new Answer(200, "{\"deletedRuns\":4,\"orphans\":2,\"uploads\":1}"));
        assertThat(run("checkpoint", "rebuild").out())
                .contains("recorded anew   r1, r2", "checkpoints found    3", "no run.json    r9");
        assertThat(run("checkpoint", "collect").out())
                .contains("deleted runs   4", "nobody names      2", "given up          1");
    }

    @Test
    void nobodyIsAskedWithYesAndWithoutATerminalItIsRequired() {
        interactive = true;
        Result withYes = run("run", "cancel", "r1", "--yes", "--reason", "too slow");
        assertThat(withYes.exitCode()).isZero();
        assertThat(withYes.err()).doesNotContain("[y/N]").contains("r1 is cancelling");
        assertThat(sent("POST /runs/r1/cancel").tree().path("reason").asText())
                .isEqualTo("too slow");
        requests.clear();

        interactive = false;
        for (String action : new String[] {"cancel", "delete"}) {
            Result unanswered = run("run", action, "r1");
            assertThat(unanswered.exitCode()).isEqualTo(2);
            assertThat(unanswered.err()).contains("TNR-7005", "small", "mend:  Add --yes");
            assertThat(requests).containsOnlyKeys("GET /runs/r1");
        }
        assertThat(run("run", "cancel", "r1", "-y").exitCode()).isZero();
        assertThat(requests).containsKey("POST /runs/r1/cancel");
    }

    @Test
    void aDryRunShowsTheEffectAndAsksForNothing() {
        Result cancel = run("run", "cancel", "r1", "--dry-run");
        assertThat(cancel.exitCode()).isZero();
        assertThat(cancel.out()).contains("The ranks end now;", "from step 5, loses 2 steps");
        assertThat(run("run", "pause", "r1", "--dry-run").out()).contains("Nothing is lost");
        answers.put(
                "GET /runs/r1",
                new Answer(
                        200,
                        "{\"run\":{\"id\":\"r1\",\"status\":\"failed\",\"actions\":[\"retry\"]}}"));
        assertThat(run("run", "retry", "r1", "--dry-run").out())
                .isEqualTo(
                        "Resumes stage adapt from step 5, loses 2 steps, on 2 ranks. Computing them"
                                + " again takes about 1 min 15 s.\n");
        Result json = run("run", "retry", "r1", "--dry-run", "--json");
        assertThat(json.tree().path("recovery").path("stepsLost").asInt()).isEqualTo(2);
        assertThat(json.tree().path("dryRun").asBoolean()).isTrue();
        assertThat(requests.keySet()).noneMatch(request -> request.startsWith("POST"));
    }

    @Test
    void aDryRunOfWhatTheStateDoesNotAllowIsTheConflictThatItWouldBe() {
        Result result = run("run", "retry", "r1", "--dry-run");

        assertThat(result.exitCode()).isEqualTo(5);
        assertThat(result.err()).contains("TNR-6005", "running", "pause");
    }

    @Test
    void aSubmissionIsTriedOutOnTheServerWithoutARun() throws Exception {
        Path plan = Files.writeString(folder.resolve("plan.yaml"), PLAN);
        answers.put(
                "POST /plans/explain",
                new Answer(
                        200,
                        """
                        {"plan":"small","stages":[{"id":"base","type":"pretrain",
                        "training":{"ranks":2,"steps":10,"tokens":10240,"checkpoints":2}}]}"""));

        Result result = run("run", "submit", plan.toString(), "--dry-run");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).containsPattern("base +pretrain +10 +10,240 +2 +2");
        assertThat(requests).containsOnlyKeys("POST /plans/explain");
    }

    @Test
    void whatWasPreparedIsShownInAllAndBySource() {
        answers.put(
                "GET /runs/r1",
                new Answer(
                        200,
                        RUN.replace(
                                "\"attempts\":[],",
                                "\"attempts\":[],\"datasets\":[{\"dataset\":\"prose\",\"reused\":false,"
                                        + "\"trainingTokens\":1280,\"heldOutTokens\":100,\"statistics\":{"
                                        + "\"documents\":22,\"heldOut\":2,\"duplicates\":3,\"dropped\":4,"
                                        + "\"sources\":[{\"uri\":\"file:/a\\u001bb\",\"files\":1,"
                                        + "\"bytes\":77,\"documents\":22,\"heldOut\":2,"
                                        + "\"duplicates\":3,\"dropped\":4,\"tokens\":1380}]},"
                                        + "\"uses\":[{\"phase\":\"only\",\"times\":40.0}]}],")));

        Result result = run("run", "get", "r1");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .containsPattern("prose +1280 +100 +22 +2 +3 +4 +only 40\\.0 times")
                .contains("file:/a\\u001bb");
    }

    @Test
    void howFarAPreparationHasComeIsShown() {
        answers.put(
                "GET /runs/r1",
                new Answer(
                        200,
                        RUN.replace(
                                "\"attempts\":[],",
                                "\"attempts\":[],\"preparing\":[{\"dataset\":\"prose\","
                                        + "\"doing\":\"tokenising\",\"done\":5000,"
                                        + "\"unit\":\"documents\",\"bytes\":25000},"
                                        + "{\"dataset\":\"code\",\"doing\":\"storing\","
                                        + "\"done\":2,\"unit\":\"shards\",\"bytes\":null}],")));

        assertThat(run("run", "get", "r1").out())
                .contains("prose is being prepared: tokenising, 5,000 documents, 25,000 bytes")
                .contains("code is being prepared: storing, 2 shards so far");
    }

    @Test
    void thePlanIsPrintedAsItWasSubmittedAndNothingElse() {
        assertThat(run("run", "get", "r1", "--plan").out()).isEqualTo("# mine\nname: small\n");
        answers.put("GET /runs/r1", new Answer(200, RUN.replace("planText", "none")));
        assertThat(run("run", "get", "r1", "--plan").exitCode()).isEqualTo(3);
    }

    @Test
    void followedLogsAreObjectsALineAndEndWithTheRun() {
        answers.put("GET /runs/r1", new Answer(200, RUN.replace("running", "failed")));
        answers.put(
                "GET /runs/r1/logs",
                new Answer(200, "{\"items\":[{\"stage\":\"base\",\"attempt\":1,\"rank\":0}]}"));
        answers.put(
                "GET /runs/r1/logs?attempt=1&rank=0&stage=base&tail=400",
                new Answer(200, "a\nb\n"));

        Result result = run("run", "logs", "-f", "--json", "r1");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out().lines())
                .containsExactly(
                        "{\"stage\":\"base\",\"attempt\":1,\"rank\":0,\"line\":\"a\"}",
                        "{\"stage\":\"base\",\"attempt\":1,\"rank\":0,\"line\":\"b\"}");
        assertThat(result.err()).contains("run r1 failed");
    }

    @Test
    void waitGivesScriptsTheRunAsItEnded() {
        answers.put("GET /runs/r1", new Answer(200, RUN.replace("running", "cancelled")));

        Result result = run("run", "wait", "r1", "--json");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.tree().path("status").asText()).isEqualTo("cancelled");
    }

    @Test
    void aSubmissionThatIsWaitedForPrintsTheRunAsItEndedWithItsFailure() throws Exception {
        Path plan = Files.writeString(folder.resolve("plan.yaml"), PLAN);
        answers.put("POST /runs", new Answer(201, "{\"id\":\"r1\",\"status\":\"queued\"}"));
        answers.put(
                "GET /runs/r1",
                new Answer(
                        200,
                        RUN.replace("running", "failed")
                                .replace("\"failure\":null", "\"failure\":" + FAILURE)));

        Result result = run("run", "submit", plan.toString(), "--wait", "--json");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.tree().path("id").asText()).isEqualTo("r1");
        assertThat(result.tree().path("status").asText()).isEqualTo("failed");
        assertThat(result.tree().path("failure").path("code").asText()).isEqualTo("TNR-5003");
    }

    @Test
    void aDiagnosisSaysFirstHowTheRunStandsAndLastWhereTimeWent() {
        answers.put(
                "GET /runs/r1/diagnosis",
                new Answer(
                        200,
                        """
                        {"stage":"adapt","situation":%s,"firstStep":3,"lastStep":9,"verdict":null,
                         "evidence":null,"mend":null,"shares":{"forward":1.0},"secondsPerStep":1.5,
                         "memoryLimitBytes":null,"ranks":[]}"""
                                .formatted(SITUATION)));

        String out = run("run", "diagnose", "r1").out();

        assertThat(out)
                .startsWith(
                        """
                        state    recovering: attempt 1 ended 3 s ago
                        trouble  TNR-5003 (hung) no sign of work from rank 1 (since 2026-11-30T03:12:05Z, \
                        """
                                .strip())
                .contains(
                        """
                        mend     Read the stacks
                        known by attempt 1 on worker w-1 ended after step 46: hung
                                 rank 1 has finished step 46, others step 47
                        step     the last one, 46, was 12 s ago
                        doing    attempt 2 (try 2 of 6) starts in 12 s
                        you can  ./tanren run cancel r1
                                   ends the run now
                                 ./tanren run logs r1 --stage adapt --attempt 1 --rank 1
                                   shows its stacks

                        time     of stage adapt, steps 3 to 9, 1.500 s each
                        verdict  none: these steps were before what is told above
                        """)
                .doesNotContain("compute-bound");
        assertThat(
                        run("run", "diagnose", "r1", "--json")
                                .tree()
                                .path("situation")
                                .path("state")
                                .asText())
                .isEqualTo("recovering");
    }

    @Test
    void aRunIsShownWithHowItStandsAndItsAttemptsWithTheirClassAndCode() {
        answers.put(
                "GET /runs/r1",
                new Answer(
                        200,
                        """
                        {"run":{"id":"r1","name":"small","status":"running"},"failure":null,
                         "situation":%s,"stages":[],"attempts":[{"stage":"adapt","attempt":1,
                         "worker":"w-1","status":"failed","code":"TNR-5001",
                         "failureClass":"RANK_CRASHED","resumeStep":0,"lastStep":46}]}"""
                                .formatted(SITUATION)));
        answers.put("GET /runs/r1/artifacts", new Answer(200, "{\"items\":[]}"));

        assertThat(run("run", "get", "r1").out())
                .contains("state    recovering: attempt 1 ended 3 s ago")
                .containsPattern("adapt +1 +w-1 +failed +TNR-5001 +rank crashed +0 +46");
    }

    @Test
    void theLogOfAStageThatIsNotThereNamesTheStagesThereAre() {
        answers.put(
                "GET /runs/r1",
                new Answer(200, RUN.replace("\"stages\":[]", "\"stages\":[{\"id\":\"adapt\"}]")));
        answers.put(
                "GET /runs/r1/logs",
                new Answer(
                        200,
                        "{\"items\":[{\"stage\":\"adapt\",\"attempt\":2,\"rank\":0,\"bytes\":5}]}"));

        assertThat(run("run", "logs", "r1", "--stage", "nope").err())
                .contains("TNR-6004 The run has no stage nope.", "Its stages are: adapt");
        assertThat(run("run", "logs", "r1", "--stage", "adapt", "--attempt", "7").err())
                .contains("There are: --stage adapt --attempt 2 --rank 0");
    }

    @Test
    void aCompletionScriptKnowsCommandsAndOptions() {
        Result bash = run("completion", "bash");
        assertThat(bash.exitCode()).isZero();
        assertThat(bash.out())
                .contains("complete -F", "--idempotency-key", "checkpoint", "--dry-run");
        assertThat(run("completion", "zsh").out()).startsWith("autoload").contains("bashcompinit");
        assertThat(run("completion", "fish").exitCode()).isEqualTo(2);
    }

    @Test
    void coloursFollowTheStreamThatIsWrittenToAndNoColor() {
        interactive = true;
        redirected = true;
        assertThat(run("run", "get", "none").err()).contains("\u001b[31m");
        assertThat(run("--help").out()).doesNotContain("\u001b[");
        interactive = false;
        redirected = false;
        assertThat(run("run", "get", "none").err()).doesNotContain("\u001b[");
        assertThat(run("--help").out()).contains("\u001b[");
        interactive = true;
        environment.put("NO_COLOR", "1");
        assertThat(run("run", "get", "none").err()).doesNotContain("\u001b[31m");
        assertThat(run("--help").out()).doesNotContain("\u001b[");
    }

    @Test
    void mistakesInModelAndBenchOptionsAreFoundBeforeAnythingIsLoaded() throws Exception {
        Path model = Files.createDirectories(folder.resolve("model"));
        assertThat(run("model", "generate", "--model", model.toString()).exitCode()).isEqualTo(2);
        Result missing = run("model", "generate", "--model", model.toString(), "--prompt", "x");
        assertThat(missing.exitCode()).isEqualTo(3);
        assertThat(missing.err()).contains(model.resolve("config.json").toString());
        Files.writeString(model.resolve("config.json"), "{}");
        assertThat(
                        run(
                                        "model",
                                        "logits",
                                        "--model",
                                        "model",
                                        "--tokens",
                                        "no.json",
                                        "--out",
                                        "o")
                                .err())
                .contains(folder.resolve("no.json").toString());
    }

    @Test
    void aDiagnosisSaysWhatHoldsTheStepsUpAndHowFullMemoryIs() {
        answers.put("GET /runs/r1", new Answer(200, "{\"failure\": null}"));
        answers.put(
                "GET /runs/r1/diagnosis",
                new Answer(
                        200,
                        """
                        {"stage":"adapt","firstStep":3,"lastStep":9,"verdict":"data-bound",
                         "evidence":"the loader is slow","mend":"Tokenise beforehand.",
                         "shares":{"data":0.5,"forward":0.5},"secondsPerStep":1.5,
                         "memoryLimitBytes":2147483648,
                         "ranks":[{"rank":0,"peakResidentBytes":1073741824},
                                  {"rank":1,"peakResidentBytes":1610612736}]}"""));

        assertThat(run("run", "diagnose", "r1").out())
                .contains(
                        "adapt, steps 3 to 9, 1.500 s each",
                        "memory   1.5 GiB of 2.0 GiB a rank",
                        "verdict  data-bound",
                        "because  the loader is slow",
                        "mend     Tokenise beforehand.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train --model huge            | --model       | tiny, small, smollm2-135m",
                "checkpoint --model huge       | --model       | tiny, small, smollm2-135m",
                "train --threads 0             | --threads     | from 1 on",
                "checkpoint --threads two      | --threads     | from 1 on",
                "memory --threads -1           | --threads     | from 1 on",
                "train --peer --rounds 0       | --rounds      | from 1 on",
                "train --warmup -1             | --warmup      | from 0 on",
                "train --activations some      | --activations | SELECTIVE",
                "checkpoint --save-every 0     | --save-every  | from 1 on",
                "memory --steps 0              | --steps       | from 1 on"
            })
    void aBenchmarkThatCannotBeMeasuredAsAskedDoesNotStart(
            String arguments, String option, String expected) {
        Result result = run(("bench " + arguments.strip()).split(" "));

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("TNR-7005", option.strip(), expected.strip());
    }

    @Test
    void tablesShowInstantsToTheSecondAndHashesByTheirBeginning() {
        answers.put(
                "GET /runs/r1/checkpoints",
                new Answer(
                        200,
                        """
                        {"items":[{"stage":"adapt","phase":"nullable","step":5,"attempt":1,
                        "loss":2.5,"bytes":2048,"weightsSha256":"0123456789abcdef0123",
                        "committedAt":"2026-11-24T08:24:22.662451Z","verifiedAt":null}]}"""));

        assertThat(run("checkpoint", "list", "r1").out())
                .containsPattern(
                        "adapt +nullable +5 +1 +2.5000 +2.0 KiB +0123456789ab +2026-11-24 08:24:22Z\\n");
    }
}
