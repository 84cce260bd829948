package dev.tanren.trainer.model.common;

import dev.tanren.plan.RopeScaling;
import org.jspecify.annotations.Nullable;

/// The angle by which each pair of a head turns from one position to the next.
///
/// Rounded as in transformers: every step in fp32.
public final class RotaryFrequencies {

    private RotaryFrequencies() {}

    /// @param headSize elements of one head, even
    /// @param scaling null where frequencies are as first trained
    /// @return `headSize / 2` angles in radians, falling
    public static float[] of(int headSize, double theta, @Nullable RopeScaling scaling) {
        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float power = (float) Math.pow((float) theta, (float) (2 * i) / headSize);
            frequencies[i] = scaled(1f / power, scaling);
        }
        return frequencies;
    }

    private static float scaled(float frequency, @Nullable RopeScaling scaling) {
        return switch (scaling) {
            case null -> frequency;
            case RopeScaling.Linear linear -> frequency / (float) linear.factor();
            case RopeScaling.Llama3 llama3 -> scaled(frequency, llama3);
        };
    }

    private static float scaled(float frequency, RopeScaling.Llama3 scaling) {
        float original = scaling.originalMaxPositionEmbeddings();
        float low = (float) scaling.lowFreqFactor();
        float high = (float) scaling.highFreqFactor();
        float wavelength = (float) (2 * Math.PI) / frequency;
        float stretched = frequency / (float) scaling.factor();
        if (wavelength < original / high) {
            return frequency;
        }
        if (wavelength > original / low) {
            return stretched;
        }
        float kept = (original / wavelength - low) / (high - low);
        return (1 - kept) * stretched + kept * frequency;
    }
}
