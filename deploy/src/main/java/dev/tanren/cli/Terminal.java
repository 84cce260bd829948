package dev.tanren.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;

/// Where a command's output goes and what it finds around it.
///
/// @param out data
/// @param err everything else
/// @param interactive whether a person sees `err` as it is written
/// @param environment variables of the process
/// @param folder that relative paths start from
public record Terminal(
        PrintStream out,
        PrintStream err,
        boolean interactive,
        Map<String, String> environment,
        Path folder) {

    /// Set by the launcher, which asks the shell: Java's own console would have to be started for
    // it.
    private static final String INTERACTIVE = "tanren.interactive";

    public Terminal {
        environment = Map.copyOf(environment);
    }

    static Terminal ofThisProcess() {
        return new Terminal(
                System.out,
                System.err,
                Boolean.getBoolean(INTERACTIVE),
                System.getenv(),
                Path.of("").toAbsolutePath());
    }

    /// Whether colours are wanted, see no-color.org.
    boolean colored() {
        return interactive && environment.getOrDefault("NO_COLOR", "").isEmpty();
    }

    Path resolve(Path path) {
        return folder.resolve(path).normalize();
    }

    /// Replaces the line that the terminal shows last; nothing elsewhere.
    void progress(String text) {
        if (interactive) {
            err.print("\r\u001b[K" + text);
            err.flush();
        }
    }

    /// Writes a line for people, in place of a progress line.
    void say(String text) {
        if (interactive) {
            err.print("\r\u001b[K");
        }
        err.println(text);
    }
}
