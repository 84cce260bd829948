package dev.tanren.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description = "Prints a script that completes commands and options.",
        footer = {
            "",
            "  bash:  source <(./tanren completion bash)",
            "  zsh:   source <(./tanren completion zsh)"
        })
final class CompletionCommand implements Callable<Integer> {

    enum Shell {
        BASH,
        ZSH
    }

    /// What zsh needs to understand completions that are written for bash.
    private static final String FOR_ZSH =
            """
            autoload -Uz compinit bashcompinit
            compinit
            bashcompinit
            """;

    private final Terminal terminal;

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}, in any case.")
    private Shell shell;

    CompletionCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        String script = AutoComplete.bash("tanren", spec.root().commandLine());
        terminal.out()
                .print(
                        switch (shell) {
                            case BASH -> script;
                            case ZSH -> FOR_ZSH + script;
                        });
        terminal.out().flush();
        return Exit.OK;
    }
}
