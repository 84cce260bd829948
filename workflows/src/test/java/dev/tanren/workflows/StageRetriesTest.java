package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.failure.Failure;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is tried again, how often, and what a person is told when it is not.
@Timeout(60)
class StageRetriesTest extends WorkflowTest {

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {
                "RANK_CRASHED",
                "RANK_HUNG",
                "RANK_PREEMPTED",
                "COLLECTIVE_FAILED",
                "SCRATCH_FULL",
                "STORE_UNREACHABLE",
                "CHECKPOINT_STALE_ATTEMPT"
            })
    void whatMayPassIsTriedAgain(ErrorCode code) {
        platform.script.add(platform.failing(code, 5));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.gangs.get(1).resumeStep()).isEqualTo(5);
        assertThat(platform.statuses()).containsExactly("running", "succeeded");
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {
                "RANK_OUT_OF_MEMORY",
                "RANK_MEMORY_LIMIT",
                "TRAINING_DIVERGED",
                "TOKEN_SHARD_CORRUPT",
                "RANK_LAUNCH",
                "INTERNAL"
            })
    void whatWouldFailAgainFailsTheRunAtOnce(ErrorCode code) {
        platform.script.add(platform.failing(code, 5));

        temporal.assertFailsWith(code, Plans.twoPhases());

        assertThat(platform.gangs).hasSize(1);
        assertThat(platform.statuses()).containsExactly("running", "failed " + code.name());
    }

    @Test
    void aStageThatRanOutOfMemoryIsNotTriedUnchangedAndSaysWhatToChange() {
        platform.script.add(platform.failing(ErrorCode.RANK_OUT_OF_MEMORY, 5));
        WorkflowStub run = start(Plans.twoPhases());

        assertThatThrownBy(() -> run.getResult(Void.class))
                .cause()
                .isInstanceOfSatisfying(
                        ApplicationFailure.class,
                        failure ->
                                assertThat(failure.getDetails().get(Failure.class).mend())
                                        .startsWith("submit the plan with ")
                                        .endsWith("; or: nothing"));

        assertThat(platform.gangs).hasSize(1);
    }

    @Test
    void aStageThatComesNoFurtherGivesUp() {
        for (int attempt = 0; attempt < 7; attempt++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, 3));
        }

        temporal.assertFailsWith(ErrorCode.RANK_CRASHED, Plans.twoPhases());

        // The first attempt brought it to step 3, which filled the budget again.
        assertThat(platform.gangs).hasSize(7);
    }

    @Test
    void aStageThatComesFurtherSurvivesAnyNumberOfFaults() {
        for (int step = 1; step < 10; step++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, step));
        }

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.statuses()).endsWith("succeeded");
    }

    @Test
    void preemptionsCostNothingAsLongAsTheStageComesFurther() {
        for (int step = 1; step < 10; step++) {
            for (int attempt = 0; attempt < 12; attempt++) {
                platform.script.add(platform.failing(ErrorCode.RANK_PREEMPTED, step));
            }
        }

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.statuses()).containsExactly("running", "succeeded");
    }

    @Test
    void aStageWhoseWorkersAreLostInVainWaitsForAPersonWhoFillsTheBudget() {
        for (int attempt = 0; attempt < 14; attempt++) {
            platform.script.add(platform.failing(ErrorCode.RANK_PREEMPTED, 3));
        }
        WorkflowStub run = start(Plans.twoPhases());
        temporal.environment().sleep(Duration.ofHours(2));
        await(() -> platform.statuses().contains("paused"));

        // The first attempt brought it to step 3, which filled the budget again.
        assertThat(platform.gangs).hasSize(14);
        assertThat(ask().state().reason())
                .startsWith(
                        "13 attempts in a row lost their worker and came no further than step 3;"
                                + " the last: scripted;")
                .endsWith("then resume the run");
        ask(RunAction.RESUME, null);
        run.getResult(Void.class);
        assertThat(platform.statuses())
                .containsExactly("running", "paused", "running", "succeeded");
    }

    @Test
    void aRunThatHasFailedForGoodSaysWhatCanBeDoneNow() {
        for (int attempt = 0; attempt < 7; attempt++) {
            platform.script.add(platform.failing(ErrorCode.RANK_HUNG, 3));
        }

        temporal.assertFailsWith(ErrorCode.RANK_HUNG, Plans.twoPhases());

        Failure failure = platform.failures.getLast();
        assertThat(failure.what()).contains("6 attempts in a row came no further than step 3");
        assertThat(failure.mend())
                .startsWith("the run has ended: look at the stacks in the ranks' logs")
                .contains("./tanren run retry r goes on with stage adapt")
                .doesNotContain("the work goes on");
    }
}
