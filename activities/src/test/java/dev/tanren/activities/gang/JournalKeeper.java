package dev.tanren.activities.gang;

import dev.tanren.activities.journal.Journal;
import dev.tanren.activities.journal.JournalEntry;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;

/// A program that keeps what an attempt is to record, as a worker does while the database is away,
/// and lives until it is killed.
public final class JournalKeeper {

    private JournalKeeper() {}

    static Process start(Path folder, GangRequest request, Attempt attempt) throws Exception {
        return new ProcessBuilder(
                        GangTest.JAVA.toString(),
                        "-cp",
                        GangTest.CLASSPATH,
                        JournalKeeper.class.getName(),
                        folder.toString(),
                        request.work().runId(),
                        Long.toString(attempt.fencingToken()))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /// Arguments: folder, run, fencing token.
    public static void main(String[] arguments) throws Exception {
        String run = arguments[1];
        long token = Long.parseLong(arguments[2]);
        Journal journal = Journal.open(Path.of(arguments[0]), run + "-" + token);
        List<JournalEntry.Row> rows =
                LongStream.rangeClosed(1, 3)
                        .mapToObj(
                                step ->
                                        new JournalEntry.Row(
                                                step,
                                                0,
                                                1,
                                                "short",
                                                "hash-" + step,
                                                Map.of("loss", 3.0 / step),
                                                "2026-11-30T12:00:00Z"))
                        .toList();
        journal.keep(
                new JournalEntry.Steps(run, GangTest.STAGE, "short", token, rows.subList(0, 2), 2));
        journal.keep(
                new JournalEntry.Steps(run, GangTest.STAGE, "short", token, rows.subList(2, 3), 3));
        String reason = "stopped at step 3";
        journal.keep(new JournalEntry.Ended(token, AttemptStatus.PAUSED, reason, null, 3));
        journal.keep(
                new JournalEntry.Happened(
                        run, "attempt.ended", GangTest.STAGE, reason, Map.of("step", 3), "ended"));
        System.out.println("kept");
        new CountDownLatch(1).await();
    }
}
