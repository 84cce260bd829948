package dev.tanren.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description =
                "Loads models in the trainer's runtime, which needs no stack, and fetches those that"
                        + " runs published.",
        subcommands = {
            ModelCommand.Logits.class,
            ModelCommand.Generate.class,
            ModelPullCommand.class
        })
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
        abstract JsonNode result(String printed) throws IOException;

        /// Whether the data is meant for a person.
        boolean table() {
            return output.form() == OutputOptions.Form.TABLE;
        }

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
            AtomicReference<@Nullable TanrenException> failure = new AtomicReference<>();
            Thread errors = Thread.ofVirtual().start(() -> tell(process, failure));
            String printed = read(process);
            int code = process.waitFor();
            errors.join();
            if (code != Exit.OK) {
                TanrenException told = failure.get();
                if (told != null) {
                    throw told;
                }
                return Exit.FAILED;
            }
            if (table()) {
                said();
            } else {
                output.data(terminal, result(printed));
            }
            return Exit.OK;
        }

        /// A person sees at once what the program writes.
        ///
        /// @return all of it
        private String read(Process process) throws IOException {
            StringBuilder printed = new StringBuilder();
            try (Reader reader = process.inputReader(StandardCharsets.UTF_8)) {
                char[] part = new char[1024];
                for (int count = reader.read(part); count >= 0; count = reader.read(part)) {
                    printed.append(part, 0, count);
                    if (table()) {
                        terminal.out().print(String.valueOf(part, 0, count));
                        terminal.out().flush();
                    }
                }
            }
            return printed.toString();
        }

        /// Passes on what the program says, and keeps the error that it ends with.
        private void tell(Process process, AtomicReference<@Nullable TanrenException> failure) {
            process.errorReader(StandardCharsets.UTF_8)
                    .lines()
                    .forEach(
                            line ->
                                    error(line)
                                            .ifPresentOrElse(
                                                    failure::set, () -> terminal.say(line)));
        }

        private static Optional<TanrenException> error(String line) {
            if (!line.startsWith("{\"code\":")) {
                return Optional.empty();
            }
            try {
                JsonNode error = Json.mapper().readTree(line);
                return Arrays.stream(ErrorCode.values())
                        .filter(code -> code.code().equals(error.path("code").asText()))
                        .findFirst()
                        .map(
                                code ->
                                        new TanrenException(
                                                code,
                                                error.path("what").asText(),
                                                error.path("where").asText(),
                                                error.path("mend").asText()));
            } catch (JsonProcessingException e) {
                return Optional.empty();
            }
        }

        /// What a person is told at the end.
        void said() {}

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
            Path written = terminal.resolve(out);
            if (!Files.isDirectory(written.resolveSibling("."))) {
                throw new TanrenException(
                        ErrorCode.USAGE,
                        "The folder of --out is not there.",
                        written.toString(),
                        "Make it first, or name another.");
            }
            return List.of("--tokens", ids.toString(), "--out", written.toString());
        }

        @Override
        void said() {
            terminal.say("wrote " + terminal.resolve(out));
        }

        @Override
        JsonNode result(String printed) {
            return Json.mapper()
                    .createObjectNode()
                    .put("tensor", "logits")
                    .put("out", terminal.resolve(out).toString());
        }
    }

    @Command(
            name = "generate",
            mixinStandardHelpOptions = true,
            description = {
                "Lets a model go on from a text. Its folder must hold a tokenizer.json.",
                "The new text is written as it is made. It ends at the model's end token, a stop"
                        + " text, the number of new tokens or the model's last position."
            })
    static final class Generate extends Tool {

        @Option(
                names = "--prompt",
                required = true,
                paramLabel = "TEXT",
                description = "Text to go on from.")
        private String prompt;

        @Option(
                names = "--max-new-tokens",
                paramLabel = "N",
                defaultValue = "64",
                description = "How many tokens at most (default: ${DEFAULT-VALUE}).")
        private int newTokens;

        @Option(
                names = "--temperature",
                paramLabel = "T",
                defaultValue = "0",
                description =
                        "Divides the logits before a token is drawn; 0 takes the likeliest token"
                                + " each time (default).")
        private double temperature;

        @Option(
                names = "--top-k",
                paramLabel = "K",
                defaultValue = "0",
                description = "Draws from the K likeliest tokens; 0 from all (default).")
        private int topK;

        @Option(
                names = "--top-p",
                paramLabel = "P",
                defaultValue = "1",
                description =
                        "Draws from the fewest likeliest tokens whose probabilities reach P"
                                + " together; 1 from all (default).")
        private double topP;

        @Option(
                names = "--seed",
                paramLabel = "S",
                defaultValue = "0",
                description = "The same seed draws the same text (default: ${DEFAULT-VALUE}).")
        private int seed;

        @Option(
                names = "--stop",
                paramLabel = "TEXT",
                description = "Ends the text before this one; may be given several times.")
        private List<String> stops = List.of();

        Generate(Terminal terminal) {
            super(terminal, "dev.tanren.trainer.tools.GenerateMain");
        }

        @Override
        List<String> arguments() {
            List<String> all =
                    new ArrayList<>(
                            List.of(
                                    "--prompt",
                                    prompt,
                                    "--max-new-tokens",
                                    Integer.toString(newTokens),
                                    "--temperature",
                                    Double.toString(temperature),
                                    "--top-k",
                                    Integer.toString(topK),
                                    "--top-p",
                                    Double.toString(topP),
                                    "--seed",
                                    Integer.toString(seed)));
            stops.forEach(stop -> all.addAll(List.of("--stop", stop)));
            if (!table()) {
                all.add("--json");
            }
            return all;
        }

        @Override
        JsonNode result(String printed) throws IOException {
            return Json.mapper().readTree(printed);
        }
    }
}
