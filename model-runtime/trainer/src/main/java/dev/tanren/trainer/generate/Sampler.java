package dev.tanren.trainer.generate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/// Chooses tokens, one after the other.
///
/// Logits are divided by the temperature in fp32, then cut to the top k, then to the top p of what
/// is left, each as transformers' warper of that name does it. Of equally likely tokens the one
/// with the lower id counts as the likelier.
public final class Sampler {

    private final Sampling sampling;
    private final RandomGenerator random;

    public Sampler(Sampling sampling) {
        this.sampling = sampling;
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(sampling.seed());
    }

    /// @param logits one for each token of the vocabulary; stay as they are
    /// @return a token's id
    public int choose(float[] logits) {
        if (sampling.temperature() == 0) {
            return likeliest(logits);
        }
        double[] probabilities = probabilities(logits);
        double draw = random.nextDouble();
        int last = 0;
        for (int token = 0; token < probabilities.length; token++) {
            if (probabilities[token] > 0) {
                draw -= probabilities[token];
                last = token;
                if (draw < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /// With which probability each token is drawn; for a temperature above 0.
    double[] probabilities(float[] logits) {
        float[] scores = new float[logits.length];
        // In fp32 a temperature near 0 would be 0, and the highest score no number. From the
        // highest
        // score down, a small one makes minus infinities alone.
        float temperature = Math.max((float) sampling.temperature(), Float.MIN_NORMAL);
        float highest = logits[likeliest(logits)];
        for (int token = 0; token < scores.length; token++) {
            scores[token] = (logits[token] - highest) / temperature;
        }
        if (sampling.topK() > 0 && sampling.topK() < scores.length) {
            keepTopK(scores);
        }
        if (sampling.topP() < 1) {
            keepTopP(scores);
        }
        return softmax(scores);
    }

    private void keepTopK(float[] scores) {
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        float least = sorted[sorted.length - sampling.topK()];
        for (int token = 0; token < scores.length; token++) {
            if (scores[token] < least) {
                scores[token] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Leaves out, from the unlikeliest on, what together has no more than `1 - top p`; the
    /// likeliest token always stays.
    private void keepTopP(float[] scores) {
        double[] probabilities = softmax(scores);
        int[] rising =
                IntStream.range(0, scores.length)
                        .filter(token -> scores[token] > Float.NEGATIVE_INFINITY)
                        .boxed()
                        .sorted(
                                Comparator.<Integer>comparingDouble(token -> scores[token])
                                        .thenComparing(Comparator.reverseOrder()))
                        .mapToInt(Integer::intValue)
                        .toArray();
        double sum = 0;
        for (int i = 0; i < rising.length - 1; i++) {
            sum += probabilities[rising[i]];
            if (sum > 1 - sampling.topP()) {
                return;
            }
            scores[rising[i]] = Float.NEGATIVE_INFINITY;
        }
    }

    private static double[] softmax(float[] scores) {
        double highest = scores[likeliest(scores)];
        double[] probabilities = new double[scores.length];
        double sum = 0;
        for (int token = 0; token < scores.length; token++) {
            probabilities[token] = Math.exp(scores[token] - highest);
            sum += probabilities[token];
        }
        for (int token = 0; token < scores.length; token++) {
            probabilities[token] /= sum;
        }
        return probabilities;
    }

    static int likeliest(float[] logits) {
        int best = 0;
        for (int token = 1; token < logits.length; token++) {
            best = logits[token] > logits[best] ? token : best;
        }
        return best;
    }
}
