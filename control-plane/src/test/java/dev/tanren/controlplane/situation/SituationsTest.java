package dev.tanren.controlplane.situation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.api.Situation;
import dev.tanren.controlplane.api.Situation.Option;
import dev.tanren.controlplane.api.Situation.Trouble;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Runs;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// What a person on call is told, for each class of failures, from rows as the product writes them.
class SituationsTest extends RecordedRun {

    @Test
    void aWorkerThatIsLostIsNamedWithWhenItWasLastHeardOfAndWhatGoesOnWhere() {
        worker("w-other");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        passes(Duration.ofSeconds(40));
        worker("w-other");

        Situation told = situation();

        assertThat(told.state()).isEqualTo("recovering");
        assertThat(trouble(told).failureClass()).isEqualTo("preempted");
        assertThat(trouble(told).code()).isEqualTo("TNR-5002");
        assertThat(trouble(told).what())
                .matches("worker w-1 was last heard of at 20\\S+Z \\(4[0-9] s ago\\)");
        assertThat(told.evidence()).contains("the ranks of attempt 1 had finished step 46");
        assertThat(told.lastStep()).isEqualTo(46);
        assertThat(told.lastStepAgeSeconds()).isBetween(39.0, 60.0);
        assertThat(told.doing())
                .isEqualTo("another attempt goes on after step 40, on one of: w-other");
        assertThat(option(told, "cancel"))
                .satisfies(
                        cancel -> {
                            assertThat(cancel.command()).isEqualTo("./tanren run cancel r");
                            assertThat(cancel.effect())
                                    .isEqualTo(
                                            "ends the run now; a retry would go on after step 40"
                                                    + " and compute 6 steps again (about 12 s)");
                            assertThat(cancel.stepsLost()).isEqualTo(6);
                            assertThat(cancel.secondsLost()).isEqualTo(12.0);
                        });
    }

    @Test
    void whereNoWorkerIsLeftTheRunWaitsForOneAndNothingIsCalledFast() {
        begins(1, 0);
        steps(1, 3);
        passes(Duration.ofMinutes(4));

        Situation told = situation();

        assertThat(told.state()).isEqualTo("waiting");
        assertThat(told.headline()).isEqualTo("stage adapt waits for a worker: none is alive");
        assertThat(told.doing())
                .isEqualTo(
                        "as soon as a worker with a free slot for 2 ranks lives, the work goes on"
                                + " from the stage's beginning");
        assertThat(told.options().getFirst().command()).isEqualTo("./tanren status");
        assertThat(told.training()).isFalse();
    }

    @Test
    void anOrderlyStopOfTheWorkerIsNoFailureOfTheWork() {
        begins(1, 0);
        steps(1, 46);
        ends(
                1,
                "the worker was told to end; step 46 is committed [stage adapt]",
                ErrorCode.RANK_PREEMPTED);

        Situation told = situation();

        assertThat(registry.attempts().list(RUN).getFirst().status())
                .isEqualTo(AttemptStatus.PREEMPTED);
        assertThat(told.state()).isEqualTo("recovering");
        assertThat(trouble(told).failureClass()).isEqualTo("preempted");
        assertThat(told.doing())
                .startsWith("attempt 2 (try 2 of 13 without a newer checkpoint) is being begun");
    }

    @Test
    void aCrashedRankIsToldWithItsSignalTheTryAndTheTimeOfTheNext() {
        worker("w-1");
        for (int attempt = 1; attempt <= 4; attempt++) {
            begins(attempt, 0);
            steps(1, 3);
            ends(
                    attempt,
                    "the process ended by signal 11 (SIGSEGV) [rank 1]",
                    ErrorCode.RANK_CRASHED);
        }

        Situation told = situation();

        assertThat(told.state()).isEqualTo("recovering");
        assertThat(told.headline()).endsWith("(rank crashed)");
        assertThat(trouble(told).code()).isEqualTo("TNR-5001");
        assertThat(trouble(told).what()).contains("signal 11 (SIGSEGV) [rank 1]");
        assertThat(told.evidence())
                .first()
                .asString()
                .startsWith("attempt 4 on worker w-1 ended at 20")
                .endsWith(
                        "after step 3: rank crashed, the process ended by signal 11 (SIGSEGV)"
                                + " [rank 1]");
        assertThat(told.evidence()).contains("and 1 attempt before these");
        assertThat(told.doing())
                .matches(
                        "attempt 5 \\(try 5 of 6 without a newer checkpoint\\) (starts in [1234]"
                                + " s|is being begun) and goes on from the stage's beginning");
        assertThat(told.options())
                .extracting(Option::command)
                .contains("./tanren run logs r --stage adapt --attempt 4 --rank 1");
    }

    @Test
    void aHungRankIsNamedWithWhatItsProcessDoesAndWhereItsStacksAre() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        ends(
                1,
                "no sign of work from rank 1 (last heard computing micro-batch 2; its process: T"
                        + " (stopped)) for 10.1 s; the limit was 10.0 s [stage adapt, attempt 1]",
                ErrorCode.RANK_HUNG);
        begins(2, 40);

        Situation told = situation();

        assertThat(told.state()).isEqualTo("recovering");
        assertThat(told.headline())
                .isEqualTo(
                        "attempt 2 of stage adapt starts its 2 ranks after step 40 on worker w-1");
        assertThat(trouble(told).failureClass()).isEqualTo("hung");
        assertThat(trouble(told).code()).isEqualTo("TNR-5003");
        assertThat(trouble(told).what()).contains("rank 1", "T (stopped)", "10.1 s");
        assertThat(told.doing()).isEqualTo("the ranks load their state and go on with step 41");
        assertThat(told.lastStep()).isEqualTo(46);
        assertThat(told.options())
                .extracting(Option::command)
                .contains("./tanren run logs r --stage adapt --attempt 1 --rank 1");
        assertThat(told.training()).isFalse();
    }

    @Test
    void whileNoStepFinishesThatIsToldWithTheRankThatIsBehind() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        step(0, 47);
        saved(40);
        passes(Duration.ofSeconds(12));
        worker("w-1");

        Situation told = situation();

        assertThat(told.state()).isEqualTo("stalled");
        assertThat(told.headline()).startsWith("stage adapt has finished no step for 1");
        assertThat(told.evidence())
                .contains(
                        "the steps before took 2.0 s each",
                        "rank 1 has finished step 46, others step 47");
        assertThat(told.doing())
                .startsWith("worker w-1 watches attempt 1")
                .endsWith("another attempt goes on after step 40");
        assertThat(told.training()).isFalse();
    }

    @Test
    void memoryThatRanOutEndsTheRunWithTheSmallerSettings() {
        worker("w-1");
        begins(1, 0);
        steps(1, 3);
        ends(
                1,
                "the process was killed because memory ran out [rank 0]",
                ErrorCode.RANK_OUT_OF_MEMORY);
        assertThat(situation().doing())
                .isEqualTo("the run ends now: the same work would fail again");
        fails(
                ErrorCode.RANK_OUT_OF_MEMORY,
                "the process was killed because memory ran out",
                "rank 0",
                "take microBatch: 2");

        Situation told = situation();

        assertThat(told.state()).isEqualTo("failed");
        assertThat(told.headline())
                .isEqualTo("the run has failed in stage adapt: out of memory (TNR-5004)");
        assertThat(trouble(told).mend()).isEqualTo("take microBatch: 2");
        assertThat(told.doing()).startsWith("nothing by itself: a person decides");
        assertThat(option(told, "retry"))
                .satisfies(
                        retry -> {
                            assertThat(retry.command()).isEqualTo("./tanren run retry r");
                            assertThat(retry.effect())
                                    .isEqualTo(
                                            "goes on after step 0; computes 3 steps again"
                                                    + " (about 6.0 s)");
                        });
    }

    @Test
    void aBatchThatIsRolledBackIsNamedWithItsSamples() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        anomaly(
                1,
                47,
                List.of(376, 377),
                "step 47 is not applied: its loss is not a number and its gradient norm" + " 12.5");
        ends(
                1,
                "step 47 was not applied: its loss is not a number [samples [376, 377]]",
                ErrorCode.TRAINING_ROLLED_BACK);

        Situation told = situation();

        assertThat(told.state()).isEqualTo("recovering");
        assertThat(trouble(told).failureClass()).isEqualTo("anomaly");
        assertThat(told.evidence())
                .contains(
                        "step 47 is not applied: its loss is not a number and its gradient norm"
                                + " 12.5; its samples are [376, 377]");
        assertThat(told.doing())
                .isEqualTo(
                        "attempt 2 (try 2 of 6 without a newer checkpoint) is being begun and goes"
                                + " on after step 40; it leaves out batch 47");
    }

    @Test
    void aDivergedRunWaitsForAPersonWhoIsToldWhatResumingDoes() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        anomaly(
                1,
                47,
                List.of(376),
                "step 47 is not applied: its loss is 91.2, the median before it 3.1");
        ends(
                1,
                "step 47 was not applied: its loss is 91.2 [samples [376]]",
                ErrorCode.TRAINING_NEEDS_PERSON);
        run(RunState.PAUSED, "step 47 was not applied: its loss is 91.2 [samples [376]]", null);

        Situation told = situation();

        assertThat(told.state()).isEqualTo("paused");
        assertThat(trouble(told).failureClass()).isEqualTo("diverged");
        assertThat(trouble(told).code()).isEqualTo("TNR-5009");
        assertThat(trouble(told).mend()).contains("resume the run to go on without that batch");
        assertThat(told.doing())
                .isEqualTo("nothing by itself: it waits for a person and holds no worker");
        assertThat(option(told, "resume").effect())
                .isEqualTo("goes on after step 40; computes 6 steps again (about 12 s)");
    }

    @Test
    void aFullStoreIsSaidToBeFullAndTheNextTryHasItsTime() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        ends(
                1,
                "the object store is full: no room to write [http://127.0.0.1:9000"
                        + " runs/r/adapt/checkpoints/0000000046/shard-0]",
                ErrorCode.STORE_FULL);

        Situation told = situation();

        assertThat(trouble(told).failureClass()).isEqualTo("storage");
        assertThat(trouble(told).code()).isEqualTo("TNR-4003");
        assertThat(trouble(told).what()).startsWith("the object store is full");
        assertThat(told.doing())
                .matches(
                        "attempt 2 \\(try 2 of 4 without a newer checkpoint\\)"
                                + " (starts in 1 s|is being begun) and goes on after step 40");
    }

    @Test
    void aStoreThatDoesNotAnswerIsNamedWithSinceWhenAndWhatWaitsForIt() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        away.put("object store", clock.minus(Duration.ofSeconds(15)));
        event(
                "save.awaited",
                "training waits for the object store, which has not taken the"
                        + " checkpoint of step 46",
                Map.of("attempt", 1));
        passes(Duration.ofSeconds(14));
        worker("w-1");

        Situation told = situation();

        assertThat(told.state()).isEqualTo("waiting");
        assertThat(told.headline()).isEqualTo("stage adapt waits for the object store");
        assertThat(told.evidence())
                .anySatisfy(
                        sentence ->
                                assertThat(sentence)
                                        .matches(
                                                "the object store does not answer since 20\\S+Z"
                                                        + " \\((29|3[0-9]) s\\)"))
                .contains(
                        "training waits for the object store, which has not taken the checkpoint of"
                                + " step 46");
        assertThat(told.doing()).startsWith("the ranks wait for up to two minutes and go on");
    }

    @Test
    void aTemporalThatDoesNotAnswerIsNamedWithWhatBecomesOfTheRanks() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        away.put("temporal", clock.minus(Duration.ofSeconds(5)));

        Situation told = situation();

        assertThat(told.state()).isEqualTo("training");
        assertThat(told.trouble()).isNull();
        assertThat(told.evidence())
                .singleElement()
                .asString()
                .startsWith("Temporal does not answer since 20");
        assertThat(told.doing())
                .startsWith("training goes on")
                .endsWith(
                        "; Temporal is away: ranks train on meanwhile until their worker's lease"
                                + " ends, then save, end, and go on when it is back");
    }

    @Test
    void aCheckpointThatWasFoundDamagedIsToldThoughNoAttemptFailed() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        saved(40);
        event("run.paused", "asked for", Map.of());
        event(
                "checkpoint.quarantined",
                "checkpoint of step 40 does not verify: the SHA-256 of shard-0 is another",
                Map.of("step", 40));
        begins(2, 20);

        Situation told = situation();

        assertThat(trouble(told).failureClass()).isEqualTo("storage");
        assertThat(trouble(told).code()).isEqualTo("TNR-4005");
        assertThat(trouble(told).what()).startsWith("checkpoint of step 40 does not verify");
        assertThat(trouble(told).mend()).contains("the checkpoint before it is used");
        assertThat(told.evidence())
                .singleElement()
                .asString()
                .startsWith("checkpoint of step 40 does not verify: the SHA-256 of shard-0");
        assertThat(told.doing()).isEqualTo("the ranks load their state and go on with step 21");
    }

    @Test
    void aCheckpointThatVerifiesAgainIsNoTroubleAnyMore() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        damaged("adapt", 20);
        damaged("adapt", 40);
        event("checkpoint.released", "checkpoint of step 40 verifies again", Map.of("step", 40));

        assertThat(trouble(situation()).what()).startsWith("checkpoint of step 20");
        event("checkpoint.released", "checkpoint of step 20 verifies again", Map.of("step", 20));
        assertThat(situation().trouble()).isNull();
        assertThat(situation().evidence()).isEmpty();

        damaged("adapt", 40);
        assertThat(trouble(situation()).what()).startsWith("checkpoint of step 40");
    }

    @Test
    void aDamagedCheckpointOfAnotherStageIsNoTroubleOfTheOneAtWork() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);
        damaged("base", 40);

        assertThat(situation().trouble()).isNull();

        ends(1, "the process ended by signal 9 (SIGKILL) [rank 0]", ErrorCode.RANK_CRASHED);
        assertThat(trouble(situation()).code()).isEqualTo("TNR-5001");
        assertThat(situation().evidence())
                .noneSatisfy(sentence -> assertThat(sentence).contains("checkpoint of step 40"));
    }

    private void damaged(String stage, long step) {
        registry.events()
                .append(
                        RUN,
                        "checkpoint.quarantined",
                        stage,
                        "checkpoint of step " + step + " does not verify: another SHA-256",
                        Map.of("step", step),
                        null);
    }

    @Test
    void dataThatCannotBeReadFailsTheRunWithTheDocumentNamed() {
        worker("w-1");
        fails(
                ErrorCode.SOURCE_UNREADABLE,
                "the gzip member that begins at byte 512 is damaged",
                "file:/data/part-3.jsonl.gz",
                "fetch or pack the file again; nothing of a damaged file is taken");

        Situation told = situation();

        assertThat(told.state()).isEqualTo("failed");
        assertThat(trouble(told).failureClass()).isEqualTo("data");
        assertThat(trouble(told).what())
                .isEqualTo(
                        "the gzip member that begins at byte 512 is damaged"
                                + " [file:/data/part-3.jsonl.gz]");
        assertThat(trouble(told).mend()).startsWith("fetch or pack the file again");
        assertThat(told.options()).extracting(Option::action).containsExactly("retry");
    }

    @Test
    void aGateThatClosedIsAMatterOfTheConfiguration() {
        worker("w-1");
        fails(
                ErrorCode.GATE_FAILED,
                "code.perplexity is 61.75, must be below 60",
                "stage gate",
                "train for longer or on other data, or change the bound in `require`");

        assertThat(situation().headline())
                .isEqualTo("the run has failed in stage adapt: configuration (TNR-5101)");
        assertThat(trouble(situation()).what())
                .isEqualTo("code.perplexity is 61.75, must be below 60 [stage gate]");
    }

    @Test
    void aMistakeInTanrenItselfIsCalledOne() {
        worker("w-1");
        fails(
                ErrorCode.INTERNAL,
                "the gang ended in a way that is not foreseen",
                "stage adapt",
                "report it with the worker's log");

        assertThat(situation().headline())
                .isEqualTo("the run has failed in stage adapt: bug (TNR-9001)");
    }

    @Test
    void aRunThatTrainsSaysSoAndWhatAPauseCosts() {
        worker("w-1");
        begins(1, 0);
        steps(1, 46);

        Situation told = situation();

        assertThat(told.training()).isTrue();
        assertThat(told.headline())
                .isEqualTo("stage adapt trains: step 46 of 100, attempt 1 on worker w-1");
        assertThat(told.trouble()).isNull();
        assertThat(told.evidence()).isEmpty();
        assertThat(option(told, "pause").effect())
                .isEqualTo("the ranks finish their step, save it and end; loses nothing");
    }

    @Test
    void aGangThatWaitsForMemoryIsNotCalledTraining() {
        worker("w-1");
        begun(1, 0);
        registry.attempts()
                .waits(token(1), "waits for 2.00 GiB of memory; 1.00 GiB are free on the worker");

        Situation told = situation();

        assertThat(told.state()).isEqualTo("waiting");
        assertThat(told.headline())
                .isEqualTo(
                        "attempt 1 of stage adapt waits for 2.00 GiB of memory; 1.00 GiB are free"
                                + " on the worker");
        assertThat(told.evidence()).containsExactly("workers alive: w-1 (idle)");
        assertThat(told.doing())
                .isEqualTo("it goes on from the stage's beginning by itself when there is room");
    }

    @Test
    void anAttemptThatNoWorkerHasTakenWaitsForAFreeSlot() {
        worker("w-1");
        begun(1, 0);

        assertThat(situation().headline())
                .isEqualTo(
                        "attempt 1 of stage adapt waits for a worker with a free slot for 2 ranks");
    }

    @Test
    void aRunWithoutAttemptsPreparesAndAQueuedOneSaysWhy() {
        worker("w-1");
        registry.runs().projectStage(RUN, "adapt", next(), StageState.QUEUED);
        assertThat(situation().state()).isEqualTo("preparing");
        event("dataset.progress", "code: 1,000 documents read", Map.of());
        assertThat(situation().evidence()).first().asString().startsWith("code: 1,000 documents");

        run(RunState.CANCELLING, "asked for", null);
        assertThat(situation().state()).isEqualTo("cancelling");
        run(RunState.CANCELLED, "asked for", null);
        assertThat(situation().headline()).isEqualTo("the run was cancelled: asked for");
    }

    private void fails(ErrorCode code, String what, String where, String mend) {
        stage(StageState.FAILED);
        run(RunState.FAILED, what, new Runs.Failure(code.name(), what, where, mend));
    }

    private static Trouble trouble(Situation told) {
        return Objects.requireNonNull(told.trouble());
    }

    private static Option option(Situation told, String action) {
        return told.options().stream()
                .filter(option -> option.action().equals(action))
                .findFirst()
                .orElseThrow();
    }
}
