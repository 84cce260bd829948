package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description = "Loads models in the trainer's runtime; needs no stack.",
        subcommands = {ModelCommand.Logits.class, ModelCommand.Generate.class})
final class ModelCommand {

    private ModelCommand() {}

    /// Runs a program of the trainer, which reports its own errors on standard error.
    abstract static sealed class Tool implements Callable<Integer> {

        final Terminal terminal;
        private final String mainClass;

        @Option(
                names = "--model",
                required = true,
                paramLabel = "FOLDER",
                description = "Hugging Face directory: config.json, *.safetensors.")
        private Path model;

        @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: all).")
        private int threads = Runtime.getRuntime().availableProcessors();

        @Mixin private OutputOptions output;

        Tool(Terminal terminal, String mainClass) {
            this.terminal = terminal;
            this.mainClass = mainClass;
        }

        /// The program's own arguments.
        abstract List<String> arguments();

        /// What scripts are told of it.
        ///
        /// @param printed what the program wrote
        abstract ObjectNode result(String printed);

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (threads < 1) {
                throw new TanrenException(
                        ErrorCode.USAGE,
                        "--threads is " + threads + ".",
                        "--threads",
                        "Give 1 or more.");
            }
            Path folder = terminal.resolve(model);
            needed(folder.resolve("config.json"), ErrorCode.MODEL_MISSING, "model");
            List<String> all = new ArrayList<>(arguments());
            all.addAll(
                    List.of("--model", folder.toString(), "--threads", Integer.toString(threads)));
            Process process =
                    new ModelRuntime(
                                    TanrenHome.of(terminal.environment()),
                                    Installation.of(terminal.environment()))
                            .trainer(mainClass, threads, all)
                            .processBuilder()
                            .start();
            process.getOutputStream().close();
            AtomicInteger failure = new AtomicInteger(Exit.FAILED);
            Thread errors = Thread.ofVirtual().start(() -> tell(process, failure));
            byte[] printed = process.getInputStream().readAllBytes();
            int code = process.waitFor();
            errors.join();
            if (code != Exit.OK) {
                return failure.get();
            }
            show(new String(printed, StandardCharsets.UTF_8));
            return Exit.OK;
        }

        /// Passes on what the program says; the code of its error decides the exit code.
        private void tell(Process process, AtomicInteger failure) {
            process.errorReader(StandardCharsets.UTF_8)
                    .lines()
                    .forEach(
                            line -> {
                                terminal.say(line);
                                Arrays.stream(ErrorCode.values())
                                        .filter(code -> line.startsWith(code.code() + " "))
                                        .findFirst()
                                        .ifPresent(code -> failure.set(Exit.of(code)));
                            });
        }

        /// What a person is told at the end.
        void said() {}

        private void show(String printed) {
            if (output.form() == OutputOptions.Form.TABLE) {
                terminal.out().print(printed);
                terminal.out().flush();
                said();
            } else {
                output.data(terminal, result(printed));
            }
        }

        static void needed(Path file, ErrorCode code, String what) {
            if (!Files.isRegularFile(file)) {
                throw new TanrenException(
                        code,
                        "There is no such file.",
                        file.toString(),
                        "See that --" + what + " names the right place.");
            }
        }
    }

    @Command(
            name = "logits",
            mixinStandardHelpOptions = true,
            description = "Writes the logits of token sequences as one fp32 tensor.")
    static final class Logits extends Tool {

        @Option(
                names = "--tokens",
                required = true,
                paramLabel = "FILE",
                description = "JSON array of equally long arrays of token ids.")
        private Path tokens;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "FILE",
                description =
                        "safetensors file to write, with the tensor logits"
                                + " [batch, sequence, vocabulary].")
        private Path out;

        Logits(Terminal terminal) {
            super(terminal, "dev.tanren.trainer.tools.LogitsMain");
        }

        @Override
        List<String> arguments() {
            Path ids = terminal.resolve(tokens);
            needed(ids, ErrorCode.SOURCE_MISSING, "tokens");
            return List.of("--tokens", ids.toString(), "--out", terminal.resolve(out).toString());
        }

        @Override
        void said() {
            terminal.say("wrote " + terminal.resolve(out));
        }

        @Override
        ObjectNode result(String printed) {
            return Json.mapper()
                    .createObjectNode()
                    .put("tensor", "logits")
                    .put("out", terminal.resolve(out).toString());
        }
    }

    @Command(
            name = "generate",
            mixinStandardHelpOptions = true,
            description = "Lets a model go on from a text. Its folder must hold a tokenizer.json.")
    static final class Generate extends Tool {

        @Option(
                names = "--prompt",
                required = true,
                paramLabel = "TEXT",
                description = "Text to go on from.")
        private String prompt;

        @Option(
                names = "--tokens",
                paramLabel = "N",
                defaultValue = "64",
                description = "How many tokens at most (default: ${DEFAULT-VALUE}).")
        private int tokens;

        @Option(
                names = "--temperature",
                paramLabel = "T",
                defaultValue = "0",
                description = "0 takes the likeliest token each time (default).")
        private double temperature;

        @Option(
                names = "--seed",
                paramLabel = "S",
                defaultValue = "0",
                description = "The same seed draws the same text (default: ${DEFAULT-VALUE}).")
        private int seed;

        Generate(Terminal terminal) {
            super(terminal, "dev.tanren.trainer.tools.GenerateMain");
        }

        @Override
        List<String> arguments() {
            return List.of(
                    "--prompt",
                    prompt,
                    "--tokens",
                    Integer.toString(tokens),
                    "--temperature",
                    Double.toString(temperature),
                    "--seed",
                    Integer.toString(seed));
        }

        @Override
        ObjectNode result(String printed) {
            return Json.mapper()
                    .createObjectNode()
                    .put("prompt", prompt)
                    .put("text", printed.stripTrailing());
        }
    }
}
