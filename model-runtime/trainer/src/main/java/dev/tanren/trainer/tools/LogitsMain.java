package dev.tanren.trainer.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.parameters.NativeAddress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// Writes a model's logits, so that anyone can check them against another implementation.
///
/// Tokens are a JSON array of equally long arrays; the file gets one fp32 tensor `logits` of the
/// shape `[batch, sequence, vocabulary]`. Rows are computed one after the other, into the mapped
/// file's memory at once.
public final class LogitsMain {

    private static final String USAGE =
            "model logits --model DIR --tokens IDS.json --out FILE.safetensors [--threads N]";

    private LogitsMain() {}

    public static void main(String[] arguments) {
        Mains.runForCommand(() -> run(arguments));
    }

    static void run(String... arguments) {
        Options options =
                Options.parse(
                        USAGE, Set.of("model", "tokens", "out", "threads"), Set.of(), arguments);
        Path out = Path.of(options.required("out"));
        int[][] rows = tokens(Path.of(options.required("tokens")));
        int threads = options.integer("threads", Runtime.getRuntime().availableProcessors(), 1);
        try (LoadedModel model = LoadedModel.load(Path.of(options.required("model")), threads);
                Arena arena = Arena.ofConfined()) {
            requireFit(rows, model.decoder().architecture());
            int vocabulary = model.decoder().architecture().vocabSize();
            TensorInfo info =
                    new TensorInfo(
                            "logits",
                            Dtype.F32,
                            List.of((long) rows.length, (long) rows[0].length, (long) vocabulary));
            MemorySegment logits = arena.allocate(info.bytes(), 64);
            long rowBytes = info.bytes() / rows.length;
            DecoderEvaluation evaluation = new DecoderEvaluation(model.decoder());
            for (int row = 0; row < rows.length; row++) {
                try (Tensor part = evaluation.logits(MicroBatch.ofRows(new int[][] {rows[row]}))) {
                    MemorySegment.copy(
                            NativeAddress.segment(part), 0, logits, row * rowBytes, rowBytes);
                }
            }
            SafetensorsWriter.plan(List.of(info), Map.of()).write(name -> logits, out);
        }
    }

    private static void requireFit(int[][] rows, Architecture architecture) {
        if (rows[0].length > architecture.maximumPositions()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "rows of "
                            + rows[0].length
                            + " tokens for a model of "
                            + architecture.maximumPositions()
                            + " positions (max_position_embeddings)",
                    "--tokens",
                    "Give shorter rows.");
        }
        for (int[] row : rows) {
            for (int token : row) {
                if (token < 0 || token >= architecture.vocabSize()) {
                    throw new TanrenException(
                            ErrorCode.USAGE,
                            "token "
                                    + token
                                    + " is not below the vocabulary's size "
                                    + architecture.vocabSize(),
                            "--tokens",
                            "Tokenise with the model's own tokenizer.");
                }
            }
        }
    }

    /// Whole numbers alone: Jackson would make numbers of texts and cut fractions off.
    private static int[][] tokens(Path file) {
        JsonNode root;
        try {
            root = Json.mapper().readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw bad(file, "the tokens are no JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw bad(file, "the tokens cannot be read: " + e.getMessage());
        }
        if (!root.isArray()) {
            throw bad(file, "the tokens are not a JSON array of arrays of whole numbers");
        }
        int[][] rows = new int[root.size()][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = row(file, root.get(row), row);
            if (rows[row].length != rows[0].length) {
                throw bad(
                        file,
                        "rows of "
                                + rows[0].length
                                + " and of "
                                + rows[row].length
                                + " tokens are mixed");
            }
        }
        if (rows.length == 0 || rows[0].length == 0) {
            throw bad(file, "there are no tokens");
        }
        return rows;
    }

    private static int[] row(Path file, JsonNode row, int index) {
        if (!row.isArray()) {
            throw bad(file, "row " + index + " is not an array of whole numbers");
        }
        int[] tokens = new int[row.size()];
        for (int i = 0; i < tokens.length; i++) {
            JsonNode token = row.get(i);
            if (!token.isIntegralNumber() || !token.canConvertToInt()) {
                throw bad(file, "row " + index + " has `" + token + "` in the place of a token id");
            }
            tokens[i] = token.intValue();
        }
        return tokens;
    }

    private static TanrenException bad(Path file, String what) {
        return new TanrenException(
                ErrorCode.USAGE,
                what,
                file.toString(),
                "Give equally long rows, [[1, 2], [3, 4]].");
    }
}
