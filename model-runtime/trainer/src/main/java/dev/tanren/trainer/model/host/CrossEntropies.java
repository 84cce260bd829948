package dev.tanren.trainer.model.host;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.ComputeThreads;
import org.jspecify.annotations.Nullable;

/// Sums are in double precision, in the order of the vocabulary.
///
/// Legend: C rows of a chunk, V vocabulary.
final class CrossEntropies {

    private static final int BLOCK = 8;
    private static final int TILE = 2048;

    private static final ThreadLocal<Row> ROWS = ThreadLocal.withInitial(() -> new Row(0));

    private CrossEntropies() {}

    private static final class Row {
        final int vocabulary;
        final float[][] values;
        final int[] keys = new int[TILE];
        final Exponential exponential = new Exponential(TILE);

        /// This thread's, of so many columns.
        static Row of(int vocabulary) {
            Row row = ROWS.get();
            if (row.vocabulary != vocabulary) {
                row = new Row(vocabulary);
                ROWS.set(row);
            }
            return row;
        }

        private Row(int vocabulary) {
            this.vocabulary = vocabulary;
            values = new float[Math.ceilDiv(vocabulary, TILE)][TILE];
        }
    }

    /// What gradients are of.
    private record Wanted(Objective objective, double scale) {}

    static void losses(Matrix logits_CV, int[] targets, int firstTarget, Losses losses) {
        pass(logits_CV, targets, firstTarget, losses, null);
    }

    static void lossesAndGradient(
            Matrix logitsThenGradient_CV,
            int[] targets,
            int firstTarget,
            Losses losses,
            Objective objective,
            double scale) {
        Wanted wanted = new Wanted(objective, scale);
        pass(logitsThenGradient_CV, targets, firstTarget, losses, wanted);
    }

    private static void pass(
            Matrix logits_CV,
            int[] targets,
            int firstTarget,
            Losses losses,
            @Nullable Wanted wanted) {
        ComputeThreads.loop(
                logits_CV.rows(),
                BLOCK,
                (from, to) -> {
                    Row row = Row.of(logits_CV.columns());
                    for (long c = from; c < to; c++) {
                        int place = firstTarget + (int) c;
                        row(row, logits_CV, c, targets[place], place, losses, wanted);
                    }
                });
    }

    /// @param wanted null where no gradient is
    private static void row(
            Row row,
            Matrix logits_CV,
            long c,
            int target,
            int place,
            Losses losses,
            @Nullable Wanted wanted) {
        if (target == MicroBatch.IGNORED) {
            losses.crossEntropies()[place] = 0;
            if (wanted != null) {
                Rows.clear(logits_CV, c);
            }
            return;
        }
        float targetLogit = Rows.get(logits_CV, c, target);
        float highest = highest(row, logits_CV, c);
        double sum = exponentials(row, logits_CV, c, highest);
        double logSum = Math.log(sum) + highest;
        losses.crossEntropies()[place] = logSum - targetLogit;
        if (wanted != null) {
            double zLoss = wanted.objective.zLoss();
            losses.zLosses()[place] = zLoss > 0 ? zLoss * logSum * logSum : 0;
            writeGradient(row, logits_CV, c, target, wanted, sum, logSum);
        }
    }

    private static float highest(Row row, Matrix logits_CV, long c) {
        int vocabulary = row.vocabulary;
        int highest = Integer.MIN_VALUE;
        for (int v = 0; v < vocabulary; v += TILE) {
            int count = Math.min(TILE, vocabulary - v);
            Rows.readBits(logits_CV, c, v, row.keys, count);
            highest = Math.max(highest, highestKey(row.keys, count));
        }
        return Float.intBitsToFloat(highest ^ ((highest >> 31) & Integer.MAX_VALUE));
    }

    /// Floats as integers of the same order, because C2 makes vectors of an integer maximum alone.
    private static int highestKey(int[] bits, int count) {
        int highest = Integer.MIN_VALUE;
        for (int i = 0; i < count; i++) {
            highest = Math.max(highest, bits[i] ^ ((bits[i] >> 31) & Integer.MAX_VALUE));
        }
        return highest;
    }

    private static double exponentials(Row row, Matrix logits_CV, long c, float highest) {
        int vocabulary = row.vocabulary;
        double sum = 0;
        for (int v = 0; v < vocabulary; v += TILE) {
            int count = Math.min(TILE, vocabulary - v);
            float[] tile = row.values[v / TILE];
            Rows.read(logits_CV, c, v, tile, 0, count);
            row.exponential.apply(tile, 1f, -highest, count);
            sum += sum(tile, count);
        }
        return sum;
    }

    private static void writeGradient(
            Row row,
            Matrix logits_CV,
            long c,
            int target,
            Wanted wanted,
            double sum,
            double logSum) {
        int vocabulary = row.vocabulary;
        Objective objective = wanted.objective;
        double scale = wanted.scale;
        float factor = (float) (scale / sum * (1 + 2 * objective.zLoss() * logSum));
        float spread = (float) (scale * objective.labelSmoothing() / vocabulary);
        float kept = (float) (scale * (1 - objective.labelSmoothing()));
        for (int v = 0; v < vocabulary; v += TILE) {
            int count = Math.min(TILE, vocabulary - v);
            float[] tile = row.values[v / TILE];
            scale(tile, factor, spread, count);
            if (target >= v && target < v + count) {
                tile[target - v] -= kept;
            }
            Rows.write(tile, logits_CV, c, v, count);
        }
    }

    private static void scale(float[] values, float factor, float spread, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = values[i] * factor - spread;
        }
    }

    private static double sum(float[] x, int count) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        float e = 0;
        float f = 0;
        float g = 0;
        float h = 0;
        int i = 0;
        for (; i + 7 < count; i += 8) {
            a += x[i];
            b += x[i + 1];
            c += x[i + 2];
            d += x[i + 3];
            e += x[i + 4];
            f += x[i + 5];
            g += x[i + 6];
            h += x[i + 7];
        }
        for (; i < count; i++) {
            a += x[i];
        }
        return ((double) a + b + (c + d)) + ((double) e + f + (g + h));
    }
}
