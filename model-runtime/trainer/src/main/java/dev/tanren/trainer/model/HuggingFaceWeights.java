package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Brings the weights of a Hugging Face folder into a flat buffer, as fp32.
///
/// Every parameter of the layout must be there with its shape, and nothing else may be, except what
/// does not change the mathematics: stored rotary frequencies, and the head of a tied model.
public final class HuggingFaceWeights {

    private static final long CHUNK = 1 << 16;

    private HuggingFaceWeights() {}

    /// @param directory with `model.safetensors` or its sharded form, in fp32, bf16 or fp16
    /// @throws TanrenException `MODEL_MISSING`, `PICKLE_REFUSED`, `SAFETENSORS_CORRUPT`, or
    ///     `MODEL_TENSOR_MISMATCH` naming the tensor
    public static void load(Path directory, ParameterLayout layout, FlatBuffer weights) {
        Set<String> found = new HashSet<>();
        for (Path file : HuggingFaceDirectory.findWeights(directory)) {
            try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
                for (SafetensorsFile.Tensor tensor : tensors.tensors()) {
                    if (layout.contains(tensor.name())) {
                        read(tensor, layout.entry(tensor.name()), weights, file);
                        found.add(tensor.name());
                    } else {
                        requireHarmless(tensor.name(), layout, file);
                    }
                }
            }
        }
        requireAll(layout, found, directory);
    }

    private static void read(
            SafetensorsFile.Tensor tensor,
            ParameterLayout.Entry entry,
            FlatBuffer weights,
            Path file) {
        List<Long> expected = Arrays.stream(entry.shape()).boxed().toList();
        if (!tensor.shape().equals(expected)) {
            throw mismatch(
                    "tensor `"
                            + entry.name()
                            + "` has the shape "
                            + tensor.shape()
                            + ", and the configuration asks for "
                            + expected,
                    file);
        }
        MemorySegment target =
                weights.segment()
                        .asSlice(entry.offset() * Float.BYTES, entry.elements() * Float.BYTES);
        MemorySegment source = tensor.bytes();
        switch (tensor.dtype()) {
            case F32 -> MemorySegment.copy(source, 0, target, 0, source.byteSize());
            case BF16 ->
                    convert(source, target, entry.elements(), b -> Float.intBitsToFloat(b << 16));
            case F16 -> convert(source, target, entry.elements(), Float::float16ToFloat);
            case BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, I32, U32, C64, F64, I64, U64 ->
                    throw unsupported(entry.name(), tensor.dtype(), file);
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

    private static void requireHarmless(String name, ParameterLayout layout, Path file) {
        boolean tiedHead = name.equals("lm_head.weight");
        if (!tiedHead && !name.endsWith(".rotary_emb.inv_freq")) {
            throw mismatch(
                    "tensor `"
                            + name
                            + "` is none of the "
                            + layout.entries().size()
                            + " parameters that the configuration asks for",
                    file);
        }
    }

    private static void requireAll(ParameterLayout layout, Set<String> found, Path directory) {
        List<String> missing =
                layout.entries().stream()
                        .map(ParameterLayout.Entry::name)
                        .filter(name -> !found.contains(name))
                        .toList();
        if (!missing.isEmpty()) {
            throw mismatch(
                    missing.size()
                            + " tensors are missing: "
                            + missing.stream()
                                    .limit(3)
                                    .collect(Collectors.joining("`, `", "`", "`"))
                            + (missing.size() > 3 ? " and others" : ""),
                    directory);
        }
    }

    private static TanrenException mismatch(String what, Path where) {
        return new TanrenException(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                what,
                where.toString(),
                "Check that `config.json` and the weights are of the same model.");
    }

    private static TanrenException unsupported(String name, Dtype dtype, Path file) {
        return new TanrenException(
                ErrorCode.MODEL_UNSUPPORTED,
                "tensor `" + name + "` is stored as " + dtype + ", not as F32, BF16 or F16",
                file.toString(),
                "Convert the weights to one of these element types.");
    }
}
