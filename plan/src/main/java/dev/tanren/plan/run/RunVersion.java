package dev.tanren.plan.run;

import java.util.Comparator;

/// The place of a change among all changes of a run, so that an older one which comes late changes
/// nothing.
///
/// @param execution counts the tries of the run from 1: a retry is the next one
/// @param sequence counts the changes of one execution; 0 before the first
public record RunVersion(long execution, long sequence) implements Comparable<RunVersion> {

    private static final Comparator<RunVersion> ORDER =
            Comparator.comparingLong(RunVersion::execution).thenComparingLong(RunVersion::sequence);

    public RunVersion {
        if (execution < 1 || sequence < 0) {
            throw new IllegalArgumentException(
                    "expected an execution from 1 and a sequence from 0, found "
                            + execution
                            + " and "
                            + sequence);
        }
    }

    /// Where an execution stands when it is recorded and its workflow has not begun.
    public static RunVersion beginning(long execution) {
        return new RunVersion(execution, 0);
    }

    public RunVersion next() {
        return new RunVersion(execution, sequence + 1);
    }

    /// The end of the execution: none of its changes comes after.
    public RunVersion last() {
        return new RunVersion(execution, Long.MAX_VALUE);
    }

    @Override
    public int compareTo(RunVersion other) {
        return ORDER.compare(this, other);
    }
}
