package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Reads a log that grows, each line once, however many lines are equal.
///
/// The server gives the last lines of a log and says how many bytes it has. What is new since the
/// last reading are so many bytes at the end, provided that the log has not grown while it was
/// read: it is asked for its size before and after.
final class LogTail {

    /// What the server gives at most.
    private static final long MOST_LINES = 100_000;

    /// A log grows every few seconds, and reading it takes less.
    private static final int ATTEMPTS = 5;

    /// @param bytes how long it is by now
    record Log(String stage, int attempt, int rank, long bytes) {

        boolean sameAs(Log other) {
            return stage.equals(other.stage) && attempt == other.attempt && rank == other.rank;
        }

        ObjectNode object() {
            return Json.mapper()
                    .createObjectNode()
                    .put("stage", stage)
                    .put("attempt", attempt)
                    .put("rank", rank);
        }
    }

    /// Gives the last lines of a log.
    interface Reader {
        String last(Log log, long lines);
    }

    private final Log log;
    private final int tail;
    private final Reader reader;

    /// How much of the log has been read; negative before the first reading.
    private long read = -1;

    /// The beginning of a line that has no end yet.
    private String rest = "";

    /// @param tail how many lines are given of those that are there at first
    LogTail(Log log, int tail, Reader reader) {
        this.log = log;
        this.tail = tail;
        this.reader = reader;
    }

    Log log() {
        return log;
    }

    /// The lines that were ended since the last call. Those of a log that grows again and again
    /// under the reading come with a later call.
    ///
    /// @param newest the log as it is listed now
    List<String> more(Supplier<Optional<Log>> newest) {
        Optional<Log> before = newest.get().filter(log::sameAs);
        for (int i = 0; i < ATTEMPTS && before.isPresent(); i++) {
            long bytes = before.get().bytes();
            if (bytes == read) {
                return List.of();
            }
            boolean first = read < 0 || bytes < read;
            long fresh = bytes - read;
            String text = reader.last(log, first ? tail : Math.min(fresh, MOST_LINES));
            Optional<Log> after = newest.get().filter(log::sameAs);
            if (after.equals(before)) {
                read = bytes;
                return lines(first ? text : rest + end(text, fresh));
            }
            before = after;
        }
        return List.of();
    }

    private static String end(String text, long bytes) {
        byte[] all = text.getBytes(StandardCharsets.UTF_8);
        int length = (int) Math.min(bytes, all.length);
        return new String(all, all.length - length, length, StandardCharsets.UTF_8);
    }

    private List<String> lines(String text) {
        int end = text.lastIndexOf('\n') + 1;
        rest = text.substring(end);
        return text.substring(0, end).lines().toList();
    }

    /// What stands at the end without an end of line, once.
    List<String> rest() {
        List<String> last = rest.lines().toList();
        rest = "";
        return last;
    }
}
