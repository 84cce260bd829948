package dev.tanren.cli;

import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.StackStatus.PartState;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Shows how a stack starts or stops: one changing line on a terminal, a line a change elsewhere.
final class StackProgress {

    private final Terminal terminal;
    private final Map<String, PartState> shown = new HashMap<>();

    StackProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    void show(StackStatus status) {
        if (terminal.interactive()) {
            terminal.progress(
                    status.parts().stream()
                            .map(part -> mark(part.state()) + " " + part.name())
                            .collect(Collectors.joining("   ")));
        }
        for (StackStatus.Part part : status.parts()) {
            PartState before = shown.put(part.name(), part.state());
            boolean worthALine = !terminal.interactive() || part.state() == PartState.RESTARTING;
            if (worthALine && part.state() != before && part.state() != PartState.WAITING) {
                String detail = part.detail().isEmpty() ? "" : ", " + part.detail();
                terminal.say(part.name() + ": " + word(part.state()) + detail);
            }
        }
    }

    static String word(PartState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private static String mark(PartState state) {
        return switch (state) {
            case WAITING -> "·";
            case STARTING -> "…";
            case READY -> "✓";
            case RESTARTING -> "!";
            case STOPPED -> "-";
        };
    }
}
