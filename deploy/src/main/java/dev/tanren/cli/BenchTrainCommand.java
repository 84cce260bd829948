package dev.tanren.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Measures training on random data; the last line is one JSON object.")
final class BenchTrainCommand implements Callable<Integer> {

    private static final String MAIN = "dev.tanren.trainer.bench.TrainBenchmarkMain";
    private static final String PEER = "tools/peers/hf_trainer.py";

    private final Terminal terminal;

    @Option(
            names = "--model",
            defaultValue = "tiny",
            description = "tiny, small or smollm2-135m (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--peer",
            description =
                    "Measure the Hugging Face Trainer in turn, with the Python of TANREN_PYTHON.")
    private boolean peer;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "How often each is measured with --peer (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--threads", defaultValue = "2", description = "CPU threads (default: 2).")
    private int threads;

    @Mixin private OutputOptions output;

    BenchTrainCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Installation installation = Installation.of(terminal.environment());
        RuntimeCommand command =
                new ModelRuntime(TanrenHome.of(terminal.environment()), installation)
                        .trainer(MAIN, threads, arguments());
        if (!peer) {
            print(measure("tanren", command.processBuilder()));
            return Exit.OK;
        }
        List<JsonNode> ours = new ArrayList<>();
        List<JsonNode> theirs = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            terminal.say("round " + round + " of " + rounds);
            ours.add(measure("tanren", command.processBuilder()));
            theirs.add(measure("peer", peer(installation)));
        }
        print(compare(ours, theirs));
        return Exit.OK;
    }

    private ProcessBuilder peer(Installation installation) {
        String python = terminal.environment().getOrDefault("TANREN_PYTHON", "python3");
        Path script = installation.root().resolve(PEER);
        List<String> command = new ArrayList<>(List.of(python, script.toString(), "--json"));
        command.addAll(arguments());
        return new ProcessBuilder(command);
    }

    /// The same for both, so that they measure the same.
    private List<String> arguments() {
        return List.of("--model", model, "--threads", Integer.toString(threads));
    }

    /// Runs a benchmark and reads the JSON object of its last line; its other lines are shown.
    private JsonNode measure(String name, ProcessBuilder builder)
            throws IOException, InterruptedException {
        Process process = start(builder.redirectError(ProcessBuilder.Redirect.INHERIT));
        String last = "";
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("{")) {
                    last = line;
                } else {
                    terminal.say(name + ": " + line);
                }
            }
        }
        int code = process.waitFor();
        @Nullable JsonNode result = parse(last);
        if (code != 0 || result == null) {
            throw new TanrenException(
                    ErrorCode.INTERNAL,
                    "The benchmark of " + name + " ended with exit code " + code + ".",
                    builder.command().getFirst(),
                    name.equals("peer")
                            ? "Install tools/peers/requirements.txt into the Python of TANREN_PYTHON."
                            : "Look at the lines above.");
        }
        terminal.say(name + ": " + result);
        return result;
    }

    private static Process start(ProcessBuilder builder) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.TOOL_MISSING,
                    "A program cannot be started: " + e.getMessage(),
                    builder.command().getFirst(),
                    "Install it, or set TANREN_PYTHON to a Python 3 with what "
                            + "tools/peers/requirements.txt names.",
                    e);
        }
    }

    private static @Nullable JsonNode parse(String line) {
        try {
            return line.isEmpty() ? null : Json.mapper().readTree(line);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /// The median round of each, their ratio, and how far the rounds' ratios lie apart.
    static ObjectNode compare(List<JsonNode> ours, List<JsonNode> theirs) {
        ObjectNode result = ours.getFirst().deepCopy();
        ArrayNode ratios = Json.mapper().createArrayNode();
        List<Double> sorted = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            double ratio = speed(ours.get(i)) / speed(theirs.get(i));
            ratios.add(ratio);
            sorted.add(ratio);
        }
        sorted.sort(null);
        double memory = median(ours, "peakRssMiB") / median(theirs, "peakRssMiB");
        result.put("tokensPerSecond", median(ours, "tokensPerSecond"));
        result.put("peakRssMiB", median(ours, "peakRssMiB"));
        result.put("peerTokensPerSecond", median(theirs, "tokensPerSecond"));
        result.put("peerPeakRssMiB", median(theirs, "peakRssMiB"));
        result.put("ratio", sorted.get(sorted.size() / 2));
        result.put("ratioLowest", sorted.getFirst());
        result.put("ratioHighest", sorted.getLast());
        result.set("ratios", ratios);
        result.put("memoryRatio", memory);
        return result;
    }

    private static double speed(JsonNode result) {
        return result.path("tokensPerSecond").asDouble();
    }

    private static double median(List<JsonNode> results, String field) {
        List<Double> values =
                results.stream().map(it -> it.path(field).asDouble()).sorted().toList();
        return values.get(values.size() / 2);
    }

    private void print(JsonNode result) {
        if (output.form() == OutputOptions.Form.YAML) {
            output.data(terminal, result);
        } else {
            terminal.out().println(result);
            terminal.out().flush();
        }
    }
}
