package dev.tanren.inference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.tanren.storage.tokens.PackedBlocks;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/// Generates token ids one after the other. The same seed gives the same ids.
///
/// @param temperature 0 takes the likeliest token each time
/// @param topK how many of the likeliest tokens are drawn from
public record Sampler(double temperature, int topK, long seed) {

    public Sampler {
        if (!(temperature >= 0) || topK < 1) {
            throw new IllegalArgumentException(
                    "temperature " + temperature + ", top " + topK + " tokens");
        }
    }

    /// Goes on from a prompt.
    ///
    /// @param prompt at least one id
    /// @param window how many of the last tokens the model sees
    /// @param ends ids that end the text
    /// @return the new ids without the prompt
    public int[] generate(
            LanguageModel model, int[] prompt, int tokens, int window, Set<Integer> ends) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        int[] ids = Arrays.copyOf(prompt, prompt.length + tokens);
        int length = prompt.length;
        while (length < ids.length) {
            int next = choose(lastLogits(model, ids, Math.max(0, length - window), length), random);
            if (ends.contains(next)) {
                break;
            }
            ids[length++] = next;
        }
        return Arrays.copyOfRange(ids, prompt.length, length);
    }

    private static float[] lastLogits(LanguageModel model, int[] ids, int from, int to) {
        int[] tokens = Arrays.copyOfRange(ids, from, to);
        PackedBlocks.Block block =
                new PackedBlocks.Block(
                        tokens,
                        new int[tokens.length],
                        IntStream.range(0, tokens.length).toArray(),
                        new int[tokens.length]);
        try (NDManager scope = model.scope()) {
            NDArray logits_BTV = model.logits(scope, List.of(block));
            return logits_BTV.get(new NDIndex("0, -1")).toFloatArray();
        }
    }

    int choose(float[] logits, RandomGenerator random) {
        int[] best =
                IntStream.range(0, logits.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(id -> -logits[id]))
                        .limit(temperature == 0 ? 1 : topK)
                        .mapToInt(Integer::intValue)
                        .toArray();
        double[] weights = new double[best.length];
        double sum = 0;
        for (int rank = 0; rank < best.length; rank++) {
            weights[rank] =
                    best.length == 1
                            ? 1
                            : Math.exp((logits[best[rank]] - logits[best[0]]) / temperature);
            sum += weights[rank];
        }
        double draw = random.nextDouble() * sum;
        for (int rank = 0; rank < best.length; rank++) {
            draw -= weights[rank];
            if (draw < 0) {
                return best[rank];
            }
        }
        return best[best.length - 1];
    }
}
