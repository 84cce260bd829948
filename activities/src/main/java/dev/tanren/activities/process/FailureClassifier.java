package dev.tanren.activities.process;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Says why processes ended, from what they reported and how they exited.
///
/// Of several, the cause is the one that said why itself; then one that ended without a word; a
/// rank that lost its peers is a consequence.
public final class FailureClassifier {

    private static final int SIGNALLED = 128;
    private static final Map<Integer, String> SIGNALS =
            Map.of(
                    4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11,
                    "SIGSEGV", 15, "SIGTERM");

    private FailureClassifier() {}

    /// How one process ended.
    ///
    /// @param reported its last words, where it had any
    /// @param outOfMemory the kernel killed for memory, or the log names an `OutOfMemoryError`
    public record Ending(
            String name, int exitCode, Report.@Nullable Failed reported, boolean outOfMemory) {}

    /// @param endings of processes that ended by themselves, at least one, none of them in good
    ///     order
    public static TanrenException classify(List<Ending> endings) {
        return endings.stream()
                .min(Comparator.comparingInt(FailureClassifier::distanceFromCause))
                .map(FailureClassifier::classify)
                .orElseThrow();
    }

    private static int distanceFromCause(Ending ending) {
        Report.Failed reported = ending.reported();
        if (reported != null) {
            return code(reported) == ErrorCode.COLLECTIVE_FAILED ? 3 : 0;
        }
        return ending.exitCode() == ExitCode.PREEMPTED || ending.exitCode() == SIGNALLED + 15
                ? 2
                : 1;
    }

    private static TanrenException classify(Ending ending) {
        Report.Failed reported = ending.reported();
        if (reported != null) {
            return new TanrenException(
                    code(reported), reported.what(), reported.where(), reported.mend());
        }
        if (ending.outOfMemory()) {
            return new TanrenException(
                    ErrorCode.RANK_OUT_OF_MEMORY,
                    "the process was killed because memory ran out",
                    ending.name(),
                    "lower microBatch or sequenceLength, or give the worker more memory");
        }
        return switch (ending.exitCode()) {
            case ExitCode.PREEMPTED, SIGNALLED + 15 ->
                    new TanrenException(
                            ErrorCode.RANK_PREEMPTED,
                            "the process was told to end",
                            ending.name(),
                            "nothing to do: the work goes on from the last checkpoint");
            case ExitCode.MISLAUNCHED ->
                    new TanrenException(
                            ErrorCode.RANK_LAUNCH,
                            "the process cannot use its launch file or environment",
                            ending.name(),
                            "read its log; check the worker's class paths and folders");
            default ->
                    new TanrenException(
                            ErrorCode.RANK_CRASHED,
                            "the process ended " + describe(ending.exitCode()),
                            ending.name(),
                            "read its log; the work goes on from the last checkpoint");
        };
    }

    private static String describe(int exitCode) {
        if (exitCode == ExitCode.FINISHED) {
            return "before its work was done";
        }
        if (exitCode > SIGNALLED) {
            int signal = exitCode - SIGNALLED;
            return "by signal " + signal + " (" + SIGNALS.getOrDefault(signal, "other") + ")";
        }
        return "with exit code " + exitCode;
    }

    private static ErrorCode code(Report.Failed reported) {
        return Arrays.stream(ErrorCode.values())
                .filter(code -> code.name().equals(reported.code()))
                .findFirst()
                .orElse(ErrorCode.INTERNAL);
    }
}
