package dev.tanren.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What a stack has to say when something that was waited for does not come: what its parts wrote
/// last, and where the threads of its workers stand.
record Story(EmbeddedStack stack) {

    private static final int LAST_LINES = 40;
    private static final int LAST_LINES_WITH_A_DUMP = 1_500;

    private static final long DUMPED_WITHIN_MILLIS = 1_000;

    String tell() {
        try {
            String said = said("", LAST_LINES);
            dumpThreads();
            return said + "\n\nthreads:" + said("worker", LAST_LINES_WITH_A_DUMP);
        } catch (IOException e) {
            return "nothing can be told of " + stack.home() + ": " + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted while it was told";
        }
    }

    private void dumpThreads() throws IOException, InterruptedException {
        for (var part : stack.status().path("parts")) {
            if (part.path("name").asText().startsWith("worker")) {
                EmbeddedStack.signal("QUIT", part.path("pid").asLong());
            }
        }
        Thread.sleep(DUMPED_WITHIN_MILLIS);
    }

    private String said(String part, int lines) throws IOException {
        try (Stream<Path> logs = Files.list(stack.home().resolve("logs"))) {
            return logs.sorted()
                    .filter(log -> log.getFileName().toString().startsWith(part))
                    .map(log -> "\n--- " + log.getFileName() + "\n" + last(log, lines))
                    .collect(Collectors.joining());
        }
    }

    private static String last(Path log, int lines) {
        try (Stream<String> all = Files.lines(log)) {
            List<String> whole = all.toList();
            return String.join(
                    "\n", whole.subList(Math.max(0, whole.size() - lines), whole.size()));
        } catch (IOException | java.io.UncheckedIOException e) {
            return "cannot be read: " + e.getMessage();
        }
    }
}
