package dev.tanren.workflows.training.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.workflows.failure.Failure;
import org.junit.jupiter.api.Test;

class SmallerSettingsTest {

    private static final Failure KILLED =
            new Failure(ErrorCode.RANK_OUT_OF_MEMORY, "killed", "rank 1", "add memory");

    @Test
    void halfTheMicroBatchIsProposedFirst() {
        Failure mended = proposedFor(8, 256);

        assertThat(mended.mend())
                .startsWith("submit the plan with microBatch: 4 (it is 8; ")
                .contains(" in stage adapt, which needs about ")
                .endsWith(" MiB a rank; or: add memory");
    }

    @Test
    void theFailureIsOtherwiseTheSame() {
        Failure mended = proposedFor(8, 256);

        assertThat(new Failure(mended.code(), mended.what(), mended.where(), KILLED.mend()))
                .isEqualTo(KILLED);
    }

    @Test
    void aRankThatMeasuredItsMemoryHasSaidWhatFits() {
        Failure measured =
                new Failure(ErrorCode.RANK_MEMORY_LIMIT, "needs 900 MiB", "rank 1", "submit this");

        assertThat(proposedFor(measured, 8, 256)).isEqualTo(measured);
    }

    @Test
    void partialSumsForRanksThatThereAreNotAreTheFirstToGo() {
        assertThat(proposedFor(KILLED, 2, 16, "parallelism: {elasticity: 64}").mend())
                .startsWith("submit the plan with parallelism.elasticity: 1 (it is 64; ");
        assertThat(proposedFor(2, 16).mend()).startsWith("submit the plan with microBatch: 1 ");
    }

    private static Failure proposedFor(int microBatch, int sequenceLength) {
        return proposedFor(KILLED, microBatch, sequenceLength);
    }

    private static Failure proposedFor(Failure failure, int microBatch, int sequenceLength) {
        return proposedFor(failure, microBatch, sequenceLength, "threadsPerRank: 1");
    }

    /// @param setting of the stage, beside the others
    private static Failure proposedFor(
            Failure failure, int microBatch, int sequenceLength, String setting) {
        Plan plan =
                PlanReader.read(
                                """
                                apiVersion: tanren.dev/v1
                                name: large
                                seed: 17
                                model:
                                  architecture:
                                    {family: llama, vocabSize: 8192, hiddenSize: 256, layers: 4, heads: 8,
                                     keyValueHeads: 4, intermediateSize: 688}
                                  tokenizer: "file:/tokenizer.json"
                                datasets:
                                  code: {sources: [{uri: "file:/corpus"}]}
                                stages:
                                  - id: adapt
                                    type: pretrain
                                    globalBatchTokens: 16Ki
                                    microBatch: %d
                                    %s
                                    optimizer: {type: adamw, learningRate: 1e-3}
                                    schedule: {type: constant}
                                    phases:
                                      - {id: long, sequenceLength: %d, tokens: 64Ki, mix: {code: 1.0}}
                                    checkpoint: {everySteps: 5, keep: 2}
                                """
                                        .formatted(microBatch, setting, sequenceLength))
                        .planOrThrow();
        TrainingStage stage = (TrainingStage) plan.stages().getFirst();
        ModelSource.Fresh model = (ModelSource.Fresh) plan.model();
        return SmallerSettings.proposedIn(failure, stage, model.architecture());
    }
}
