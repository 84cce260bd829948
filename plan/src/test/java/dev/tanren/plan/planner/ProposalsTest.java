package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.validation.PlanReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProposalsTest {

    private static final Architecture SMOLLM2 = Shapes.llama(49152, 576, 30, 9, 3, 1536, 64, true);

    @Test
    void halvesTheMicroBatchFirstAndKeepsTheGlobalBatch() throws Exception {
        TrainingStage stage = adapt();
        Proposal proposal = Proposals.smallerThan(stage, SMOLLM2).orElseThrow();
        assertThat(proposal.changes())
                .extracting(Object::toString)
                .containsExactly("microBatch: 2");
        assertThat(proposal.stage().microBatch()).isEqualTo(2);
        assertThat(proposal.stage().globalBatchTokens()).isEqualTo(stage.globalBatchTokens());
        assertThat(proposal.ranks()).isEqualTo(2);
        assertThat(proposal.notYet()).isEmpty();
        assertThat(proposal.memoryPerRank().totalBytes())
                .isLessThan(new MemoryPlanner(stage, SMOLLM2, false).estimate().totalBytes());
    }

    @Test
    void everyProposalIsSmallerThanTheOneBeforeAndTheyEnd() throws Exception {
        TrainingStage stage = adapt();
        long before = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            var proposal = Proposals.smallerThan(stage, SMOLLM2);
            if (proposal.isEmpty()) {
                return;
            }
            long bytes = proposal.get().memoryPerRank().totalBytes();
            assertThat(bytes).isLessThan(before);
            before = bytes;
            stage = proposal.get().stage();
        }
        throw new AssertionError("the ladder has no end");
    }

    @Test
    void dividesAnOddMicroBatchIntoEqualParts() {
        assertThat(Ladder.smallerMicroBatch(8)).isEqualTo(4);
        assertThat(Ladder.smallerMicroBatch(9)).isEqualTo(3);
        assertThat(Ladder.smallerMicroBatch(7)).isEqualTo(1);
    }

    @Test
    void recomputationComesBeforeShardingAndSharesOnlyAmongDataRanks() throws Exception {
        TrainingStage stage = Settings.microBatch(adapt(), 1);
        assertThat(Ladder.single(stage))
                .extracting(step -> step.change().toString())
                .containsExactly(
                        "activations: selective",
                        "activations: full",
                        "parallelism.sharding: optimizer",
                        "parallelism.sharding: gradients",
                        "parallelism.sharding: full");
        assertThat(Ladder.single(Settings.activations(stage, Activations.FULL))).hasSize(3);
    }

    @Test
    void ofSettingsWithinALimitTheCheapestIsTakenThatRunsOnAsManyRanks() throws Exception {
        TrainingStage stage = adapt();
        long now = new MemoryPlanner(stage, SMOLLM2, false).estimate().totalBytes();
        assertThat(Proposals.within(stage, SMOLLM2, now).orElseThrow().changes()).isEmpty();
        long limit = now - (200L << 20);
        Proposal proposal = Proposals.within(stage, SMOLLM2, limit).orElseThrow();
        assertThat(proposal.changes()).isNotEmpty();
        assertThat(proposal.ranks()).isEqualTo(2);
        assertThat(proposal.notYet()).isEmpty();
        assertThat(proposal.memoryPerRank().totalBytes()).isLessThanOrEqualTo(limit);
        assertThat(Proposals.within(stage, SMOLLM2, 1L << 30)).isEmpty();
    }

    @Test
    void adviceNamesKeyValueAndPredictedMemory() throws Exception {
        TrainingStage stage = adapt();
        assertThat(Proposals.advice(stage, Proposals.smallerThan(stage, SMOLLM2)))
                .startsWith("submit the plan with microBatch: 2 (it is 4; ")
                .contains(" in stage adapt, which needs about ")
                .endsWith(" MiB a rank");
        assertThat(Proposals.advice(stage, Optional.empty()))
                .contains("shorter sequenceLength in stage adapt");
    }

    private static TrainingStage adapt() throws Exception {
        String text = Files.readString(Path.of("../docs/examples/java-expert.yaml"));
        return (TrainingStage) PlanReader.read(text).planOrThrow().stage("adapt").orElseThrow();
    }
}
