package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.StageBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvaluationBatchTest {

    /// Micro-batches of 4.
    @ParameterizedTest
    @CsvSource({"16, 256, 256, 1", "256, 16, 256, 1", "64, 64, 64, 4", "32, 64, 64, 2"})
    void itIsOfTheLongestPhaseAndNoLargerThanAMicroBatchOfTheShortest(
            int first, int second, int length, int sequences) {
        TrainingStage stage =
                StageBuilder.small()
                        .batch(1024, 4)
                        .phases(
                                StageBuilder.phase("first", first, 1024),
                                StageBuilder.phase("second", second, 1024))
                        .build();
        assertThat(EvaluationBatch.of(stage)).isEqualTo(new EvaluationBatch(length, sequences));
    }
}
