package dev.tanren.cli;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/// Asks before something that cannot be taken back. Where nobody can answer, `--yes` must.
final class ConfirmOption {

    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean yes;

    /// @param question is made only where it is asked; empty asks nothing
    /// @throws TanrenException `USAGE` where there is a question and nobody to answer it
    boolean holds(Terminal terminal, Supplier<String> question) {
        if (yes) {
            return true;
        }
        String text = question.get();
        if (text.isEmpty()) {
            return true;
        }
        if (!terminal.interactive()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "Nobody is there to answer: " + text,
                    "standard error, which is no terminal",
                    "Add --yes where that is meant.");
        }
        if (terminal.confirms(text)) {
            return true;
        }
        terminal.say("Nothing was changed. With --yes the question is not asked.");
        return false;
    }
}
