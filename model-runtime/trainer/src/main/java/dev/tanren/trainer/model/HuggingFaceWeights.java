package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.weights.ExpectedWeights;
import dev.tanren.storage.weights.ExpectedWeights.Weight;
import dev.tanren.storage.weights.FiniteNumbers;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;

/// Brings the weights of a Hugging Face folder into a flat buffer, as fp32.
///
/// Every parameter of the layout must be there once, with its shape and all its numbers finite;
/// [ExpectedWeights] says what else may be.
public final class HuggingFaceWeights {

    private static final long CHUNK = 1 << 16;

    private HuggingFaceWeights() {}

    /// @param directory with `model.safetensors` or its sharded form, in fp32, bf16 or fp16
    /// @throws TanrenException `MODEL_MISSING`, `PICKLE_REFUSED`, `SAFETENSORS_CORRUPT`,
    ///     `MODEL_UNSUPPORTED`, or `MODEL_TENSOR_MISMATCH` or `MODEL_NOT_FINITE` naming file and
    ///     tensor
    public static void load(Path directory, ParameterLayout layout, FlatBuffer weights) {
        load(directory, layout, weights, SafetensorsFile::open);
    }

    /// Each file is closed before the next is opened, so that no more than one is mapped.
    static void load(
            Path directory,
            ParameterLayout layout,
            FlatBuffer weights,
            Function<Path, SafetensorsFile> open) {
        ExpectedWeights expected = new ExpectedWeights(shapes(layout));
        for (Path file : HuggingFaceDirectory.findWeights(directory)) {
            try (SafetensorsFile tensors = open.apply(file)) {
                for (Weight weight : expected.take(tensors, file.toString())) {
                    FiniteNumbers.require(weight, file.toString(), HuggingFaceWeights::loop);
                    read(weight, layout.entry(weight.name()), weights);
                }
            }
        }
        expected.requireAll(directory.toString());
    }

    private static SequencedMap<String, List<Long>> shapes(ParameterLayout layout) {
        SequencedMap<String, List<Long>> shapes = new LinkedHashMap<>();
        for (ParameterLayout.Entry entry : layout.entries()) {
            shapes.put(entry.name(), Arrays.stream(entry.shape()).boxed().toList());
        }
        return shapes;
    }

    /// On the threads that the rank may have, and no others.
    private static void loop(long elements, long chunk, FiniteNumbers.Range range) {
        ComputeThreads.loop(elements, chunk, range::run);
    }

    private static void read(Weight weight, ParameterLayout.Entry entry, FlatBuffer weights) {
        MemorySegment target =
                weights.segment()
                        .asSlice(entry.offset() * Float.BYTES, entry.elements() * Float.BYTES);
        MemorySegment source = weight.tensor().bytes();
        switch (weight.tensor().dtype()) {
            case F32 -> MemorySegment.copy(source, 0, target, 0, source.byteSize());
            case BF16 ->
                    convert(source, target, entry.elements(), b -> Float.intBitsToFloat(b << 16));
            case F16 -> convert(source, target, entry.elements(), Float::float16ToFloat);
            case BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, I32, U32, C64, F64, I64, U64 ->
                    throw new IllegalArgumentException(
                            weight.name() + " was taken as " + weight.tensor().dtype());
        }
    }

    @FunctionalInterface
    private interface Widening {
        float apply(short bits);
    }

    private static void convert(
            MemorySegment source, MemorySegment target, long elements, Widening widening) {
        ComputeThreads.loop(
                elements,
                CHUNK,
                (from, to) -> {
                    for (long i = from; i < to; i++) {
                        short bits = source.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES);
                        target.setAtIndex(JAVA_FLOAT, i, widening.apply(bits));
                    }
                });
    }
}
