package dev.tanren.trainer.rank;

import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.List;
import java.util.Locale;

/// Gives every error that ends a process of the trainer its code.
public final class Failures {

    private static final List<String> ALLOCATION =
            List.of(
                    "can't allocate memory",
                    "not enough memory",
                    "bad_alloc",
                    "cannot allocate memory",
                    "out of memory");

    private Failures() {}

    public static Report.Failed report(int rank, Throwable error) {
        TanrenException coded = coded(error);
        return new Report.Failed(
                rank, coded.code().name(), coded.what(), coded.where(), coded.mend());
    }

    static TanrenException coded(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof TanrenException coded) {
                return coded;
            }
            if (isAllocation(cause)) {
                return new TanrenException(
                        ErrorCode.RANK_OUT_OF_MEMORY,
                        "memory ran out: " + firstLine(cause),
                        "this process",
                        "Lower microBatch or sequenceLength, or give the worker more memory; the"
                                + " same settings would run out again.",
                        error);
            }
        }
        return new TanrenException(
                ErrorCode.INTERNAL,
                error.getClass().getSimpleName() + ": " + firstLine(error),
                place(error),
                "This is an error in Tanren; its log has the whole of it.",
                error);
    }

    private static boolean isAllocation(Throwable error) {
        if (error instanceof OutOfMemoryError) {
            return true;
        }
        String message = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
        return error instanceof RuntimeException && ALLOCATION.stream().anyMatch(message::contains);
    }

    private static String firstLine(Throwable error) {
        return String.valueOf(error.getMessage()).lines().findFirst().orElse("").strip();
    }

    private static String place(Throwable error) {
        StackTraceElement[] stack = error.getStackTrace();
        return stack.length == 0 ? "unknown place" : stack[0].toString();
    }
}
