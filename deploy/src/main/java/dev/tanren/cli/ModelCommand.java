package dev.tanren.cli;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.launch.RuntimeCommand;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description = "Loads models in the trainer's runtime; needs no stack.",
        subcommands = {ModelCommand.Logits.class, ModelCommand.Generate.class})
final class ModelCommand {

    private ModelCommand() {}

    /// Hands its arguments to a program of the trainer, whose output and exit code are its own.
    abstract static sealed class Tool implements Callable<Integer> {

        private final Terminal terminal;
        private final String mainClass;

        @Option(names = "--threads", description = "CPU threads (default: all).")
        private int threads = Runtime.getRuntime().availableProcessors();

        @Unmatched private List<String> arguments = List.of();

        Tool(Terminal terminal, String mainClass) {
            this.terminal = terminal;
            this.mainClass = mainClass;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            ModelRuntime runtime =
                    new ModelRuntime(
                            TanrenHome.of(terminal.environment()),
                            Installation.of(terminal.environment()));
            RuntimeCommand command = runtime.trainer(mainClass, threads, withThreads());
            terminal.out().flush();
            return command.processBuilder().inheritIO().start().waitFor();
        }

        private List<String> withThreads() {
            List<String> all = new ArrayList<>(arguments);
            all.addAll(List.of("--threads", Integer.toString(threads)));
            return all;
        }
    }

    @Command(
            name = "logits",
            mixinStandardHelpOptions = true,
            description = "Writes the logits of token sequences as one fp32 tensor.",
            customSynopsis =
                    "tanren model logits --model DIR --tokens IDS.json --out FILE.safetensors",
            footer = {
                "",
                "  --model DIR      Hugging Face directory: config.json, *.safetensors",
                "  --tokens FILE    JSON array of equally long arrays of token ids",
                "  --out FILE       safetensors file with the tensor logits [batch, sequence, vocabulary]"
            })
    static final class Logits extends Tool {
        Logits(Terminal terminal) {
            super(terminal, "dev.tanren.trainer.tools.LogitsMain");
        }
    }

    @Command(
            name = "generate",
            mixinStandardHelpOptions = true,
            description = "Lets a model go on from a text.",
            customSynopsis = "tanren model generate --model DIR --prompt TEXT [--tokens N]",
            footer = {
                "",
                "  --model DIR      Hugging Face directory: config.json, *.safetensors, tokenizer.json",
                "  --prompt TEXT    text to go on from",
                "  --tokens N       how many tokens at most"
            })
    static final class Generate extends Tool {
        Generate(Terminal terminal) {
            super(terminal, "dev.tanren.trainer.tools.GenerateMain");
        }
    }
}
