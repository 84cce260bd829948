package dev.tanren.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// A program that measures, and ends with one JSON object on its last line.
final class BenchProcess {

    private final Terminal terminal;

    BenchProcess(Terminal terminal) {
        this.terminal = terminal;
    }

    /// Runs a benchmark and reads the JSON object of its last line; its other lines are shown.
    JsonNode measure(String name, ProcessBuilder builder) throws IOException, InterruptedException {
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
                    name.endsWith("peer")
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

    static void print(Terminal terminal, OutputOptions output, JsonNode result) {
        if (output.form() == OutputOptions.Form.YAML) {
            output.data(terminal, result);
        } else {
            terminal.out().println(result);
            terminal.out().flush();
        }
    }
}
