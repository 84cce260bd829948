package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
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
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/// Brings the weights of a Hugging Face folder into a flat buffer, as fp32.
///
/// Every parameter of the layout must be there once, with its shape and all its numbers finite, and
/// nothing else may be, except what does not change the mathematics: stored rotary frequencies, the
/// head of a tied model, GPT-2's causal masks. Names may lack the prefix that the model with a head
/// gives them (`model.`, `transformer.`), as in GPT-2's own release.
public final class HuggingFaceWeights {

    private static final long CHUNK = 1 << 16;

    /// The bits of infinity; those of what is no number are above.
    private static final int INFINITY = 0x7f800000;

    private HuggingFaceWeights() {}

    /// @param directory with `model.safetensors` or its sharded form, in fp32, bf16 or fp16
    /// @throws TanrenException `MODEL_MISSING`, `PICKLE_REFUSED`, `SAFETENSORS_CORRUPT`, or
    ///     `MODEL_TENSOR_MISMATCH` or `MODEL_NOT_FINITE` naming file and tensor
    public static void load(Path directory, ParameterLayout layout, FlatBuffer weights) {
        Set<String> found = new HashSet<>();
        for (Path file : HuggingFaceDirectory.findWeights(directory)) {
            try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
                for (SafetensorsFile.Tensor tensor : tensors.tensors()) {
                    String name = parameter(tensor.name(), layout);
                    if (!layout.contains(name)) {
                        requireHarmless(tensor.name(), layout, file);
                    } else if (found.add(name)) {
                        read(tensor, layout.entry(name), weights, file);
                    } else {
                        throw mismatch("tensor `" + name + "` is there a second time", file);
                    }
                }
            }
        }
        requireAll(layout, found, directory);
    }

    /// The parameter that a stored name means.
    private static String parameter(String stored, ParameterLayout layout) {
        String prefixed = prefix(layout) + stored;
        return layout.contains(prefixed) ? prefixed : stored;
    }

    /// What comes before all names but that of the head.
    private static String prefix(ParameterLayout layout) {
        String first = layout.entries().getFirst().name();
        return first.substring(0, first.indexOf('.') + 1);
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
        requireFinite(target, entry, file);
    }

    private static void requireFinite(
            MemorySegment numbers, ParameterLayout.Entry entry, Path file) {
        AtomicLong first = new AtomicLong(Long.MAX_VALUE);
        ComputeThreads.loop(
                entry.elements(),
                CHUNK,
                (from, to) -> {
                    int[] bits = new int[(int) (to - from)];
                    long at = from * Float.BYTES;
                    MemorySegment.copy(numbers, JAVA_INT, at, bits, 0, bits.length);
                    if (largestExponent(bits) >= INFINITY) {
                        long place = from + firstOf(bits);
                        first.updateAndGet(known -> Math.min(known, place));
                    }
                });
        if (first.get() < Long.MAX_VALUE) {
            throw new TanrenException(
                    ErrorCode.MODEL_NOT_FINITE,
                    "tensor `"
                            + entry.name()
                            + "` holds "
                            + numbers.getAtIndex(JAVA_FLOAT, first.get())
                            + " at element "
                            + first.get(),
                    file.toString(),
                    "Fetch the weights again, or take a model whose weights are all numbers.");
        }
    }

    /// Bits without their sign, which C2 compares in vectors, as it does not with `isFinite`.
    private static int largestExponent(int[] bits) {
        int largest = 0;
        for (int bit : bits) {
            largest = Math.max(largest, bit & Integer.MAX_VALUE);
        }
        return largest;
    }

    private static int firstOf(int[] bits) {
        int i = 0;
        while ((bits[i] & Integer.MAX_VALUE) < INFINITY) {
            i++;
        }
        return i;
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
        boolean harmless =
                name.equals("lm_head.weight")
                        || name.endsWith(".rotary_emb.inv_freq")
                        || name.endsWith(".attn.bias")
                        || name.endsWith(".attn.masked_bias");
        if (!harmless) {
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
