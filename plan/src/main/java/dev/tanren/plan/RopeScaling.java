package dev.tanren.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// How rotary frequencies are changed so that a model reaches further than it was trained at first.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = RopeScaling.Linear.class, name = "linear"),
    @JsonSubTypes.Type(value = RopeScaling.Llama3.class, name = "llama3")
})
public sealed interface RopeScaling {

    /// Every position is divided by `factor` (Chen et al. 2023).
    record Linear(double factor) implements RopeScaling {

        public Linear {
            requirePositive(factor);
        }
    }

    /// Llama 3.1's: waves longer than `originalMaxPositionEmbeddings / lowFreqFactor` are stretched
    /// by `factor`, those shorter than `originalMaxPositionEmbeddings / highFreqFactor` stay, and
    /// those between go over smoothly.
    record Llama3(
            double factor,
            double lowFreqFactor,
            double highFreqFactor,
            int originalMaxPositionEmbeddings)
            implements RopeScaling {

        public Llama3 {
            requirePositive(factor);
            requirePositive(lowFreqFactor);
            if (!(highFreqFactor > lowFreqFactor) || originalMaxPositionEmbeddings < 1) {
                throw new IllegalArgumentException(
                        "highFreqFactor "
                                + highFreqFactor
                                + " above lowFreqFactor "
                                + lowFreqFactor
                                + " and "
                                + originalMaxPositionEmbeddings
                                + " positions");
            }
        }
    }

    private static void requirePositive(double factor) {
        if (!(factor > 0)) {
            throw new IllegalArgumentException("a factor of " + factor);
        }
    }
}
