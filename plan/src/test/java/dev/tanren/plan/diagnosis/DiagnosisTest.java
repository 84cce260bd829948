package dev.tanren.plan.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class DiagnosisTest {

    private static final long GIBIBYTE = 1L << 30;

    @Test
    void fullMemoryAndIdleProcessorsNameTheDataLoader() {
        Diagnosis diagnosis =
                Diagnosis.of(
                        List.of(times(0, 3.8, 2, 3.6, 0.3, 0.3, 0)),
                        new Diagnosis.Memory(15 * GIBIBYTE, 16 * GIBIBYTE));

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.DATA);
        assertThat(diagnosis.evidence())
                .isEqualTo(
                        "the loader keeps the ranks waiting 38 % of the step, with the memory full"
                                + " and the processors idle");
        assertThat(diagnosis.mend()).contains("Tokenise beforehand");
    }

    @Test
    void ranksThatWaitForTheSlowLoaderOfOneAreDataBoundAndNotCommunicationBound() {
        Diagnosis diagnosis =
                Diagnosis.of(
                        List.of(times(0, 0, 2, 3.5, 4.3, 0.2, 0), times(1, 4.4, 2, 3.4, 0, 0.2, 0)),
                        null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.DATA);
        assertThat(diagnosis.evidence()).contains("44 %");
    }

    @Test
    void aSlowRankIsNamed() {
        Diagnosis diagnosis =
                Diagnosis.of(
                        List.of(times(0, 0, 2, 3, 4.5, 0.5, 0), times(1, 0, 4, 5.4, 0.1, 0.5, 0)),
                        null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.STRAGGLER);
        assertThat(diagnosis.bottleneck().word()).isEqualTo("straggler");
        assertThat(diagnosis.evidence())
                .isEqualTo(
                        "rank 1 computes 0.940 s a step and the others 0.500 s, which wait 44 % of"
                                + " the step for it");
        assertThat(diagnosis.mend()).contains("node of rank 1");
    }

    @Test
    void aRankThatComputesAsFastAsTheOthersIsNoStragglerThoughOneWaitsLess() {
        Diagnosis diagnosis =
                Diagnosis.of(
                        List.of(times(0, 0, 2, 3, 4.5, 0.5, 0), times(1, 0, 2, 3.2, 0.1, 0.5, 0)),
                        null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.COMMUNICATION);
    }

    @Test
    void aSlowNetworkHoldsUpAllRanksAlike() {
        Diagnosis diagnosis =
                Diagnosis.of(
                        List.of(times(0, 0, 2, 3, 4.5, 0.5, 0), times(1, 0, 2, 3, 4.4, 0.5, 0.1)),
                        null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.COMMUNICATION);
        assertThat(diagnosis.evidence()).startsWith("every rank spends at least 44 %");
    }

    @Test
    void savingThatHoldsUpTrainingIsSaid() {
        Diagnosis diagnosis = Diagnosis.of(List.of(times(0, 0, 2, 4, 0, 0.5, 3.5)), null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.CHECKPOINT);
        assertThat(diagnosis.mend()).contains("checkpoint.everySteps");
    }

    @Test
    void aLongOptimizerPassIsBoundByMemory() {
        Diagnosis diagnosis = Diagnosis.of(List.of(times(0, 0, 2, 4, 0, 4, 0)), null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.MEMORY);
        assertThat(diagnosis.mend()).contains("globalBatchTokens");
    }

    @Test
    void copiesToADeviceThatTakeLongAreBoundByMemory() {
        StepTimes copying = new StepTimes(0, 10, 0, 2.5, 2, 4, 0, 1, 0, 10);

        Diagnosis diagnosis = Diagnosis.of(List.of(copying), null);

        assertThat(diagnosis.bottleneck()).isEqualTo(Bottleneck.MEMORY);
        assertThat(diagnosis.evidence()).endsWith("copies of weights and gradients 25 %");
        assertThat(diagnosis.mend()).contains("globalBatchTokens");
    }

    @Test
    void nothingInTheWayIsComputeBound() {
        Diagnosis diagnosis = Diagnosis.of(List.of(times(0, 0.1, 3, 6, 0.4, 0.4, 0.1)), null);

        assertThat(diagnosis.bottleneck().word()).isEqualTo("compute-bound");
        assertThat(diagnosis.evidence()).contains("90 %");
    }

    @Test
    void sharesAddUpToOne() {
        Diagnosis diagnosis =
                Diagnosis.of(
                        List.of(times(0, 1, 2, 3, 1, 0.5, 0.5), times(1, 0, 2, 3, 1, 0.5, 0.5)),
                        null);

        assertThat(diagnosis.shares().values().stream().mapToDouble(Double::doubleValue).sum())
                .isCloseTo(1, within(1e-12));
        assertThat(diagnosis.shares().get("other")).isCloseTo(0.25, within(0.01));
    }

    @Test
    void thereIsNoVerdictWithoutSteps() {
        assertThatThrownBy(() -> Diagnosis.of(List.of(), null))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /// Ten steps in ten seconds.
    private static StepTimes times(
            int rank,
            double data,
            double forward,
            double backward,
            double communication,
            double optimizer,
            double checkpoint) {
        return new StepTimes(
                rank, 10, data, 0, forward, backward, communication, optimizer, checkpoint, 10);
    }
}
