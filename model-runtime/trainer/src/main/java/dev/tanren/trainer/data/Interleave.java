package dev.tanren.trainer.data;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Which source each sample of a phase comes from, by the mix's weights, spread as evenly as
/// whole samples allow.
///
/// The pattern repeats every [#WINDOW] samples. Inside a window every source has its exact share
/// (by largest remainder, at least one sample), and after any number of samples each source is
/// within one sample of its share where there are two sources, and within two for more: each
/// slot goes to the source that is furthest behind.
final class Interleave {

    /// Samples after which the pattern repeats; weights of three decimals are met exactly.
    static final int WINDOW = 1000;

    private final int[] sourceOfSlot = new int[WINDOW];
    private final int[] ordinalOfSlot = new int[WINDOW];
    private final int[] shares;

    /// @param weights positive, adding up to about 1; at most [#WINDOW] of them
    Interleave(List<Double> weights) {
        shares = shares(weights);
        int[] used = new int[shares.length];
        for (int slot = 0; slot < WINDOW; slot++) {
            int source = furthestBehind(used, slot);
            sourceOfSlot[slot] = source;
            ordinalOfSlot[slot] = used[source]++;
        }
    }

    private static int[] shares(List<Double> weights) {
        if (weights.isEmpty() || weights.size() > WINDOW) {
            throw new IllegalArgumentException("a mix of " + weights.size() + " sources");
        }
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        double[] exact = weights.stream().mapToDouble(w -> w / sum * WINDOW).toArray();
        int[] shares = new int[exact.length];
        for (int i = 0; i < exact.length; i++) {
            shares[i] = Math.max(1, (int) Math.floor(exact[i] + 1e-9));
        }
        Comparator<Integer> behind = Comparator.comparingDouble(i -> shares[i] - exact[i]);
        int missing = WINDOW - IntStream.of(shares).sum();
        for (; missing > 0; missing--) {
            shares[IntStream.range(0, exact.length).boxed().min(behind).orElseThrow()]++;
        }
        for (; missing < 0; missing++) {
            shares[
                    IntStream.range(0, exact.length)
                            .filter(i -> shares[i] > 1)
                            .boxed()
                            .max(behind)
                            .orElseThrow()]--;
        }
        return shares;
    }

    private int furthestBehind(int[] used, int slot) {
        int best = -1;
        long bestDeficit = Long.MIN_VALUE;
        for (int source = 0; source < shares.length; source++) {
            long deficit = (long) shares[source] * (slot + 1) - (long) used[source] * WINDOW;
            if (used[source] < shares[source] && deficit > bestDeficit) {
                best = source;
                bestDeficit = deficit;
            }
        }
        return best;
    }

    int sources() {
        return shares.length;
    }

    /// The source of a phase's `sample`-th sample, counted from 0.
    int source(long sample) {
        return sourceOfSlot[slot(sample)];
    }

    /// How many samples before it come from the same source.
    long ordinal(long sample) {
        return sample / WINDOW * shares[source(sample)] + ordinalOfSlot[slot(sample)];
    }

    /// How many of the first `samples` samples come from `source`.
    long drawn(int source, long samples) {
        long drawn = samples / WINDOW * shares[source];
        for (int slot = slot(samples) - 1; slot >= 0; slot--) {
            if (sourceOfSlot[slot] == source) {
                return drawn + ordinalOfSlot[slot] + 1;
            }
        }
        return drawn;
    }

    private static int slot(long sample) {
        return (int) (sample % WINDOW);
    }
}
