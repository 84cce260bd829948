package dev.tanren.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/// Where a command's output goes and what it finds around it.
///
/// @param in what a person types
/// @param out data
/// @param err everything else
/// @param interactive whether a person sees `err` as it is written
/// @param redirected whether `out` goes to a file or a program rather than to a terminal
/// @param environment variables of the process
/// @param folder that relative paths start from
public record Terminal(
        InputStream in,
        PrintStream out,
        PrintStream err,
        boolean interactive,
        boolean redirected,
        Map<String, String> environment,
        Path folder) {

    /// Set by the launcher, which asks the shell: Java's own console would have to be started for
    /// it.
    private static final String INTERACTIVE = "tanren.interactive";

    /// Set likewise, for `out`.
    private static final String REDIRECTED = "tanren.redirected";

    public Terminal {
        environment = Map.copyOf(environment);
    }

    static Terminal ofThisProcess() {
        return new Terminal(
                System.in,
                System.out,
                System.err,
                Boolean.getBoolean(INTERACTIVE),
                Boolean.parseBoolean(System.getProperty(REDIRECTED, "true")),
                System.getenv(),
                Path.of("").toAbsolutePath());
    }

    /// Whether colours are wanted in `err`, see no-color.org.
    boolean coloredErr() {
        return interactive && colours();
    }

    /// Whether colours are wanted in `out`.
    boolean coloredOut() {
        return !redirected && colours();
    }

    private boolean colours() {
        return environment.getOrDefault("NO_COLOR", "").isEmpty();
    }

    /// Whether what goes to `out` is kept, in a file or by a program, rather than watched.
    boolean kept() {
        return !interactive || redirected;
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

    /// Asks a question that is answered by yes or no; the end of the input is a no.
    boolean confirms(String question) {
        progress("");
        err.print(question + " [y/N] ");
        err.flush();
        try {
            String line =
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                            .readLine();
            String answer = line == null ? "" : line.strip().toLowerCase(Locale.ROOT);
            return answer.equals("y") || answer.equals("yes");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
