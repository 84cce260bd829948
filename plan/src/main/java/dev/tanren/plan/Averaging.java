package dev.tanren.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// A mean of the weights that is kept beside them while training.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Averaging.Exponential.class, name = "ema"),
    @JsonSubTypes.Type(value = Averaging.Last.class, name = "last")
})
public sealed interface Averaging {

    /// After every step `average · decay + weights · (1 - decay)`, from the first weights on.
    record Exponential(double decay) implements Averaging {
        public Exponential {
            if (!(decay >= 0 && decay < 1)) {
                throw new IllegalArgumentException("a decay of " + decay);
            }
        }
    }

    /// The mean of the weights at the stage's last checkpoint steps (Izmailov et al. 2018): the
    /// multiples of `everySteps` and the last step of each phase. Before the first of them it is
    /// the weights themselves.
    record Last(int checkpoints) implements Averaging {
        public Last {
            if (checkpoints < 1) {
                throw new IllegalArgumentException("a mean of " + checkpoints + " checkpoints");
            }
        }
    }
}
