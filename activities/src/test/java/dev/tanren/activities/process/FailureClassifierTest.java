package dev.tanren.activities.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.activities.process.FailureClassifier.Ending;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureClassifierTest {

    @ParameterizedTest
    @CsvSource({
        "137, RANK_CRASHED",
        "139, RANK_CRASHED",
        "1, RANK_CRASHED",
        "0, RANK_CRASHED",
        "143, RANK_PREEMPTED",
        "75, RANK_PREEMPTED",
        "76, RANK_CRASHED",
        "78, RANK_LAUNCH"
    })
    void anExitWithoutAWordIsClassifiedByItsCode(int exitCode, ErrorCode expected) {
        assertThat(classify(new Ending("rank 0", exitCode, null, false))).isEqualTo(expected);
    }

    @Test
    void aKillForMemoryIsNoCrash() {
        assertThat(classify(new Ending("rank 0", 137, null, true)))
                .isEqualTo(ErrorCode.RANK_OUT_OF_MEMORY);
    }

    @Test
    void whatARankSaysItselfComesFirst() {
        assertThat(
                        classify(
                                failed(0, ErrorCode.COLLECTIVE_FAILED),
                                new Ending("rank 1", 137, null, false),
                                failed(2, ErrorCode.TRAINING_DIVERGED)))
                .isEqualTo(ErrorCode.TRAINING_DIVERGED);
    }

    @Test
    void aRankThatLostItsPeersIsNotTheCause() {
        assertThat(
                        classify(
                                failed(0, ErrorCode.COLLECTIVE_FAILED),
                                new Ending("rank 1", 139, null, false)))
                .isEqualTo(ErrorCode.RANK_CRASHED);
    }

    private static Ending failed(int rank, ErrorCode code) {
        return new Ending(
                "rank " + rank,
                ExitCode.FAILED,
                new Report.Failed(rank, code.name(), "what", "where", "mend"),
                false);
    }

    private static ErrorCode classify(Ending... endings) {
        return FailureClassifier.classify(List.of(endings)).code();
    }
}
