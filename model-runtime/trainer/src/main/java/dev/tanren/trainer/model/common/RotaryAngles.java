package dev.tanren.trainer.model.common;

/// The angles of rotary position embeddings (Su et al. 2021) with the halves of a head as pairs, as
/// Hugging Face's `rotate_half` has it.
///
/// They are rounded as in transformers: frequency, angle, cosine and sine each to fp32. They are
/// made once for all positions that came so far; one thread asks for them at a time.
public final class RotaryAngles {

    private final float[] frequencies;
    private float[] cosines = {};
    private float[] sines = {};

    /// @param frequencies of each pair of a head, as [RotaryFrequencies] has them
    public RotaryAngles(float[] frequencies) {
        this.frequencies = frequencies.clone();
    }

    /// Pairs of a head: half its size.
    public int half() {
        return frequencies.length;
    }

    /// Makes cosines and sines of all these positions.
    public void prepare(int[] positions) {
        int highest = 0;
        for (int position : positions) {
            highest = Math.max(highest, position);
        }
        int half = frequencies.length;
        int known = cosines.length / half;
        if (highest < known) {
            return;
        }
        int count = Math.max(highest + 1, 2 * known);
        cosines = new float[count * half];
        sines = new float[count * half];
        for (int position = 0; position < count; position++) {
            for (int i = 0; i < half; i++) {
                float angle = position * frequencies[i];
                cosines[position * half + i] = (float) Math.cos(angle);
                sines[position * half + i] = (float) Math.sin(angle);
            }
        }
    }

    /// Those of a position begin at `position · half`; of positions that are prepared.
    public float[] cosines() {
        return cosines;
    }

    /// As [#cosines].
    public float[] sines() {
        return sines;
    }
}
