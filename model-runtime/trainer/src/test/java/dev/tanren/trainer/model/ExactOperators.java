package dev.tanren.trainer.model;

import static java.util.Map.entry;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.RotaryAngles;
import dev.tanren.trainer.model.common.RotaryFrequencies;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/// Every operator on numbers of its own, whose bits [ExactnessTest] asks for again and again.
final class ExactOperators {

    /// More than a block of rows of any operator, and more columns than one tile of logits.
    private static final int N = 150;

    private static final int H = 48;
    private static final int V = 2100;
    private static final HeadShape HEADS = new HeadShape(2, 2, 8);
    private static final int[] POSITIONS = IntStream.range(0, N).map(n -> n * 7 % 50).toArray();
    private static final int[] TOKENS = IntStream.range(0, N).map(n -> n * 31 % 20).toArray();
    private static final int[] TARGETS =
            IntStream.range(0, N).map(n -> n % 9 == 0 ? MicroBatch.IGNORED : n * 577 % V).toArray();
    private static final RotaryAngles ANGLES = new RotaryAngles(RotaryFrequencies.of(8, 1e4, null));

    private ExactOperators() {}

    /// By the operator's name: runs it on memory of these numbers.
    static final Map<String, BiConsumer<Operators, ExactMemory>> ALL =
            Map.ofEntries(
                    entry(
                            "copyWeights",
                            (by, at) -> {
                                try (FlatBuffer weights = FlatBuffer.allocate(1000)) {
                                    at.fill(weights.segment());
                                    by.copyWeights(weights, 7, at.stream(12, 30));
                                }
                            }),
                    entry(
                            "addProduct",
                            (by, at) -> {
                                Tensor left = at.aligned(24, N).tensor();
                                Tensor right = at.aligned(N, H).tensor();
                                by.addProduct(at.alignedFp32(24, H), left, right, at.format());
                            }),
                    entry(
                            "rmsNorm",
                            (by, at) ->
                                    by.rmsNorm(
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            1e-5,
                                            at.stream(N, H),
                                            at.fp32(N, 1))),
                    entry(
                            "rmsNormBackward",
                            (by, at) ->
                                    by.rmsNormBackward(
                                            at.stream(N, H),
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(N, 1),
                                            at.stream(N, H),
                                            at.fp32(1, H))),
                    entry(
                            "layerNorm",
                            (by, at) ->
                                    by.layerNorm(
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(1, H),
                                            1e-5,
                                            at.stream(N, H),
                                            at.fp32(N, 2))),
                    entry(
                            "layerNormBackward",
                            (by, at) ->
                                    by.layerNormBackward(
                                            at.stream(N, H),
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(N, 2),
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(1, H))),
                    entry(
                            "headNorm",
                            (by, at) ->
                                    by.headNorm(
                                            at.stream(N, 64),
                                            HEADS,
                                            at.fp32(1, 8),
                                            at.fp32(1, 8),
                                            1e-6,
                                            at.stream(N, 48),
                                            at.fp32(N, 6))),
                    entry(
                            "headNormBackward",
                            (by, at) ->
                                    by.headNormBackward(
                                            at.stream(N, 64),
                                            HEADS,
                                            at.fp32(1, 8),
                                            at.fp32(1, 8),
                                            at.stream(N, 48),
                                            at.fp32(N, 6),
                                            at.fp32(1, 8),
                                            at.fp32(1, 8))),
                    entry("rotate", (by, at) -> by.rotate(at.stream(N, 64), 6, ANGLES, POSITIONS)),
                    entry(
                            "gatherHeads",
                            (by, at) ->
                                    by.gatherHeads(
                                            Stream.generate(() -> at.alignedFp32(N, 16))
                                                    .limit(4)
                                                    .map(it -> it.tensor().view(1, N, 2, 8))
                                                    .toList(),
                                            HEADS,
                                            new AttentionSpan(0, 1, N),
                                            ANGLES,
                                            POSITIONS,
                                            at.stream(N, 64))),
                    entry("swiGlu", (by, at) -> by.swiGlu(at.stream(N, 2 * H), at.stream(N, H))),
                    entry(
                            "swiGluBackward",
                            (by, at) -> by.swiGluBackward(at.stream(N, H), at.stream(N, 2 * H))),
                    entry("geluTanh", (by, at) -> by.geluTanh(at.stream(N, H), at.stream(N, H))),
                    entry(
                            "geluTanhBackward",
                            (by, at) -> by.geluTanhBackward(at.stream(N, H), at.stream(N, H))),
                    entry("embed", (by, at) -> by.embed(TOKENS, at.stream(20, H), at.stream(N, H))),
                    entry(
                            "addEmbedding",
                            (by, at) -> by.addEmbedding(TOKENS, at.stream(20, H), at.stream(N, H))),
                    entry(
                            "embedBackward",
                            (by, at) -> by.embedBackward(TOKENS, at.stream(N, H), at.fp32(20, H))),
                    entry(
                            "fillWithBias",
                            (by, at) -> by.fillWithBias(at.fp32(1, H), at.stream(N, H))),
                    entry(
                            "addBias",
                            (by, at) ->
                                    by.addBias(at.stream(N, H), at.fp32(1, H), at.stream(N, H))),
                    entry(
                            "biasBackward",
                            (by, at) -> by.biasBackward(at.stream(N, H), at.fp32(1, H))),
                    entry(
                            "crossEntropy",
                            (by, at) -> {
                                Losses losses = Losses.of(N);
                                by.crossEntropy(at.stream(N, V), TARGETS, 0, losses);
                                at.add(losses.crossEntropies());
                            }),
                    entry(
                            "crossEntropyAndGradient",
                            (by, at) -> {
                                Losses losses = Losses.of(N);
                                Objective objective = new Objective(1e-3, 0.1);
                                by.crossEntropyAndGradient(
                                        at.stream(N, V), TARGETS, 0, losses, objective, 0.3);
                                at.add(losses.crossEntropies());
                                at.add(losses.zLosses());
                            }));
}
