package dev.tanren.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.RopeScaling;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.NativeAddress;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TorchScriptModuleTest {

    @TempDir private Path folder;

    static Stream<Architecture> everyFamily() {
        RopeScaling llama3 = new RopeScaling.Llama3(8, 1, 4, 32);
        return Stream.of(
                architecture(Family.LLAMA, 2, 12, true, null, null),
                architecture(Family.LLAMA, 2, 12, false, llama3, null),
                architecture(Family.LLAMA, 4, null, true, new RopeScaling.Linear(2), null),
                architecture(Family.MISTRAL, 2, null, false, null, 4),
                architecture(Family.QWEN2, 2, null, true, null, null),
                architecture(Family.QWEN3, 2, 12, false, null, null),
                architecture(Family.PHI3, 2, null, true, null, 4),
                architecture(Family.GPT2, 4, null, true, null, null),
                architecture(Family.GPT2, 4, null, false, null, null));
    }

    private static Architecture architecture(
            Family family,
            int keyValueHeads,
            @Nullable Integer headSize,
            boolean tied,
            @Nullable RopeScaling scaling,
            @Nullable Integer window) {
        return new Architecture(
                family,
                96,
                32,
                2,
                4,
                keyValueHeads,
                48,
                headSize,
                tied,
                10_000,
                1e-5,
                64,
                scaling,
                window);
    }

    @ParameterizedTest
    @MethodSource("everyFamily")
    void theModuleComputesWhatTheDecoderComputes(Architecture architecture) {
        NativeRuntime.configure(1);
        MicroBatch batch = packed();
        try (PointerScope _ = new PointerScope();
                Decoder decoder = Decoders.create(architecture);
                FlatBuffer weights = FlatBuffer.allocate(decoder.layout());
                TorchScriptModule module = load(architecture, decoder, weights)) {
            float[] expected = floats(new DecoderEvaluation(decoder).logits(batch));
            float[] actual =
                    floats(
                            module.logits(
                                    longs(batch.tokens()),
                                    longs(batch.positions()),
                                    longs(batch.documents())));
            assertThat(actual).hasSameSizeAs(expected);
            for (int row = 0; row < 2; row++) {
                for (int t = 0; t < 16; t++) {
                    if (batch.documents()[row * 16 + t] == MicroBatch.PADDING) {
                        continue;
                    }
                    for (int v = 0; v < 96; v++) {
                        int at = (row * 16 + t) * 96 + v;
                        assertThat((double) Math.abs(actual[at] - expected[at])).isLessThan(1e-5);
                    }
                }
            }
            module.save(folder.resolve("model.pt"));
            assertThat(Files.exists(folder.resolve("model.pt"))).isTrue();
        }
    }

    private static TorchScriptModule load(
            Architecture architecture, Decoder decoder, FlatBuffer weights) {
        Initialisation.random(decoder.layout(), weights, 17);
        SplittableRandom random = new SplittableRandom(4);
        for (long i = 0; i < weights.elements(); i++) {
            float before = weights.segment().getAtIndex(ValueLayout.JAVA_FLOAT, i);
            float moved = before * 8 + (float) (0.4 * random.nextDouble() - 0.2);
            weights.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, before == 1f ? 1f : moved);
        }
        decoder.parameters().useWeights(weights);
        return new TorchScriptModule(architecture, decoder.layout(), weights);
    }

    /// A row of two documents, and one of a document and padding.
    private static MicroBatch packed() {
        SplittableRandom random = new SplittableRandom(3);
        int[] tokens = new int[32];
        int[] targets = new int[32];
        int[] positions = new int[32];
        int[] documents = new int[32];
        for (int i = 0; i < 32; i++) {
            tokens[i] = random.nextInt(96);
            targets[i] = MicroBatch.IGNORED;
            boolean second = i % 16 >= 9;
            documents[i] = i < 16 ? (second ? 1 : 0) : (second ? MicroBatch.PADDING : 0);
            positions[i] = second ? (i < 16 ? i % 16 - 9 : 0) : i % 16;
        }
        return new MicroBatch(2, 16, tokens, targets, positions, documents);
    }

    private static Tensor longs(int[] values) {
        LongPointer pointer = new LongPointer(values.length);
        for (int i = 0; i < values.length; i++) {
            pointer.put(i, values[i]);
        }
        return torch.from_blob(
                pointer,
                new long[] {2, 16},
                new TensorOptions()
                        .dtype(new org.bytedeco.pytorch.ScalarTypeOptional(ScalarType.Long)));
    }

    private static float[] floats(Tensor tensor) {
        return NativeAddress.segment(tensor.contiguous()).toArray(ValueLayout.JAVA_FLOAT);
    }
}
