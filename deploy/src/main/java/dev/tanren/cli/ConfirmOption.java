package dev.tanren.cli;

import java.util.function.Supplier;
import picocli.CommandLine.Option;

/// Asks before something that cannot be taken back, where a person can answer. A script is
/// believed.
final class ConfirmOption {

    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean yes;

    /// @param question is made only where someone is there to answer it; empty asks nothing
    boolean holds(Terminal terminal, Supplier<String> question) {
        if (yes || !terminal.interactive()) {
            return true;
        }
        String text = question.get();
        if (text.isEmpty() || terminal.confirms(text)) {
            return true;
        }
        terminal.say("Nothing was changed. With --yes the question is not asked.");
        return false;
    }
}
