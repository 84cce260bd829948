package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/// What an undisturbed run did, for others to be compared with.
///
/// @param steps by their number
/// @param hash over the last state
record Reference(Map<Long, Report.StepFinished> steps, String hash, InitialState.Resume end) {

    /// Trains one phase from fresh weights.
    static Reference train(Gang.Setting setting, String phase, int ranks, InitialState initial)
            throws IOException, InterruptedException {
        try (Gang gang = Gang.start(setting, phase, 1, ranks, initial)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            return of(gang);
        }
    }

    static Reference of(Gang gang) {
        return new Reference(steps(gang), gang.hash(), gang.commit());
    }

    static Map<Long, Report.StepFinished> steps(Gang gang) {
        Map<Long, Report.StepFinished> steps = new HashMap<>();
        gang.reports(Report.StepFinished.class).forEach(step -> steps.put(step.step(), step));
        return steps;
    }

    Report.StepFinished step(long number) {
        return Objects.requireNonNull(steps.get(number), "step " + number);
    }

    /// Every one of the steps has the bits that it has here.
    void assertSame(Map<Long, Report.StepFinished> others) {
        others.forEach(
                (number, step) -> {
                    Report.StepFinished expected = step(number);
                    assertThat(step.loss()).isEqualTo(expected.loss());
                    assertThat(step.gradientNorm()).isEqualTo(expected.gradientNorm());
                    assertThat(step.learningRate()).isEqualTo(expected.learningRate());
                    assertThat(step.batchHash()).isEqualTo(expected.batchHash());
                });
    }

    /// Resumes a phase, which must end with the bits of this one.
    void assertResumes(
            Gang.Setting setting, String phase, long token, int ranks, InitialState.Resume from)
            throws IOException, InterruptedException {
        try (Gang gang = Gang.start(setting, phase, token, ranks, from)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(steps(gang).keySet()).isNotEmpty().allMatch(step -> step > from.step());
            assertSame(steps(gang));
            assertThat(gang.hash()).isEqualTo(hash);
        }
    }
}
