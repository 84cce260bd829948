package dev.tanren.trainer.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.trainer.model.MicroBatch;
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
        Mains.run(() -> run(arguments));
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
            int vocabulary = model.decoder().architecture().vocabSize();
            TensorInfo info =
                    new TensorInfo(
                            "logits",
                            Dtype.F32,
                            List.of((long) rows.length, (long) rows[0].length, (long) vocabulary));
            MemorySegment logits = arena.allocate(info.bytes(), 64);
            long rowBytes = info.bytes() / rows.length;
            for (int row = 0; row < rows.length; row++) {
                try (Tensor part = model.decoder().logits(one(rows[row], vocabulary))) {
                    MemorySegment.copy(
                            NativeAddress.segment(part), 0, logits, row * rowBytes, rowBytes);
                }
            }
            SafetensorsWriter.plan(List.of(info), Map.of()).write(name -> logits, out);
        }
    }

    private static MicroBatch one(int[] row, int vocabulary) {
        for (int token : row) {
            if (token < 0 || token >= vocabulary) {
                throw new TanrenException(
                        ErrorCode.USAGE,
                        "token " + token + " is not below the vocabulary's size " + vocabulary,
                        "--tokens",
                        "Tokenise with the model's own tokenizer.");
            }
        }
        return MicroBatch.ofRows(new int[][] {row});
    }

    private static int[][] tokens(Path file) {
        int[][] rows;
        try {
            rows = Json.mapper().readValue(Files.readString(file), int[][].class);
        } catch (JsonProcessingException e) {
            throw bad(file, "the tokens are not a JSON array of arrays of whole numbers");
        } catch (IOException e) {
            throw bad(file, "the tokens cannot be read: " + e.getMessage());
        }
        if (rows == null || rows.length == 0 || rows[0].length == 0) {
            throw bad(file, "there are no tokens");
        }
        for (int[] row : rows) {
            if (row.length != rows[0].length) {
                throw bad(
                        file,
                        "rows of "
                                + rows[0].length
                                + " and of "
                                + row.length
                                + " tokens are mixed");
            }
        }
        return rows;
    }

    private static TanrenException bad(Path file, String what) {
        return new TanrenException(
                ErrorCode.USAGE,
                what,
                file.toString(),
                "Give equally long rows, [[1, 2], [3, 4]].");
    }
}
