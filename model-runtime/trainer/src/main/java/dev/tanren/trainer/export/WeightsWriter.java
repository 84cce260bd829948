package dev.tanren.trainer.export;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.ElementType;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Writes weights as the safetensors files of a Hugging Face folder: `model.safetensors`, or where
/// that would be too large several files and their index.
///
/// A weight that came from the same element type gets the bytes that it came from. Others are
/// rounded to the nearest number, halves to even. At most one file is held in memory beyond the
/// weights, and nothing is where they are fp32.
final class WeightsWriter {

    /// What transformers calls a shard: files stay below this but for a larger tensor.
    static final long LARGEST_FILE = 5_000_000_000L;

    private static final Map<String, String> METADATA = Map.of("format", "pt");
    private static final long CHUNK = 1 << 16;
    private static final int SIXTEEN_BIT_INFINITY = 0x7f80;
    private static final int HALF_INFINITY = 0x7c00;

    private final ElementType type;
    private final long largestFile;

    WeightsWriter(ElementType type, long largestFile) {
        this.type = type;
        this.largestFile = largestFile;
    }

    /// @return the files, the index last
    /// @throws TanrenException `MODEL_NOT_FINITE` naming a tensor with a number that the element
    ///     type cannot hold; `SCRATCH_FULL`
    List<Path> write(ParameterLayout layout, FlatBuffer weights, Path folder) {
        List<List<ParameterLayout.Entry>> files = files(layout);
        List<Path> written = new ArrayList<>();
        ObjectNode index = Json.mapper().createObjectNode();
        index.putObject("metadata").put("total_size", layout.elements() * dtype().bytes());
        ObjectNode map = index.putObject("weight_map");
        for (int i = 0; i < files.size(); i++) {
            String name =
                    files.size() == 1
                            ? "model.safetensors"
                            : "model-%05d-of-%05d.safetensors".formatted(i + 1, files.size());
            writeFile(files.get(i), weights, folder.resolve(name));
            files.get(i).forEach(entry -> map.put(entry.name(), name));
            written.add(folder.resolve(name));
        }
        if (files.size() > 1) {
            written.add(writeIndex(index, folder.resolve("model.safetensors.index.json")));
        }
        return written;
    }

    private Dtype dtype() {
        return switch (type) {
            case FLOAT32 -> Dtype.F32;
            case BFLOAT16 -> Dtype.BF16;
            case FLOAT16 -> Dtype.F16;
        };
    }

    private List<List<ParameterLayout.Entry>> files(ParameterLayout layout) {
        List<List<ParameterLayout.Entry>> files = new ArrayList<>();
        List<ParameterLayout.Entry> file = new ArrayList<>();
        long bytes = 0;
        for (ParameterLayout.Entry entry : layout.entries()) {
            long more = entry.elements() * dtype().bytes();
            if (!file.isEmpty() && bytes + more > largestFile) {
                files.add(file);
                file = new ArrayList<>();
                bytes = 0;
            }
            file.add(entry);
            bytes += more;
        }
        files.add(file);
        return files;
    }

    private void writeFile(List<ParameterLayout.Entry> entries, FlatBuffer weights, Path file) {
        List<TensorInfo> infos =
                entries.stream()
                        .map(
                                entry ->
                                        new TensorInfo(
                                                entry.name(),
                                                dtype(),
                                                Arrays.stream(entry.shape()).boxed().toList()))
                        .toList();
        try (Arena arena = Arena.ofShared()) {
            Map<String, MemorySegment> data = new HashMap<>();
            for (ParameterLayout.Entry entry : entries) {
                data.put(entry.name(), bytes(entry, weights, arena, file));
            }
            SafetensorsWriter.plan(infos, METADATA)
                    .write(name -> Objects.requireNonNull(data.get(name)), file);
        }
    }

    private MemorySegment bytes(
            ParameterLayout.Entry entry, FlatBuffer weights, Arena arena, Path file) {
        MemorySegment source =
                weights.segment()
                        .asSlice(entry.offset() * Float.BYTES, entry.elements() * Float.BYTES);
        return switch (type) {
            case FLOAT32 -> source;
            case BFLOAT16 ->
                    narrowed(source, entry, arena, Bfloat16::round, SIXTEEN_BIT_INFINITY, file);
            case FLOAT16 ->
                    narrowed(source, entry, arena, Float::floatToFloat16, HALF_INFINITY, file);
        };
    }

    @FunctionalInterface
    private interface Narrowing {
        short apply(float value);
    }

    /// @param infinity the bits of the exponent, which no finite number has all of
    private static MemorySegment narrowed(
            MemorySegment source,
            ParameterLayout.Entry entry,
            Arena arena,
            Narrowing narrowing,
            int infinity,
            Path file) {
        MemorySegment target = arena.allocate(entry.elements() * Short.BYTES, 64);
        boolean[] overflow = new boolean[1];
        ComputeThreads.loop(
                entry.elements(),
                CHUNK,
                (from, to) -> {
                    boolean over = false;
                    for (long i = from; i < to; i++) {
                        short bits = narrowing.apply(source.getAtIndex(JAVA_FLOAT, i));
                        over |= (bits & infinity) == infinity;
                        target.setAtIndex(JAVA_SHORT, i, bits);
                    }
                    if (over) {
                        overflow[0] = true;
                    }
                });
        if (overflow[0]) {
            throw new TanrenException(
                    ErrorCode.MODEL_NOT_FINITE,
                    "a weight of `" + entry.name() + "` is beyond what the element type holds",
                    file.toString(),
                    "Export as float32 or bfloat16.");
        }
        return target;
    }

    private static Path writeIndex(ObjectNode index, Path file) {
        try {
            return Files.writeString(file, index.toPrettyString() + "\n");
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "the index of the weights cannot be written: " + e.getMessage(),
                    file.toString(),
                    "Free space, or check the folder's permissions.",
                    e);
        }
    }
}
