package dev.tanren.trainer.generate;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;

/// How a token is chosen from logits, with the meaning that transformers gives these settings.
///
/// @param temperature divides the logits before anything else; 0 takes the likeliest token
/// @param topK draws from so many of the likeliest tokens, and from those as likely as the last of
///     them; 0 for all
/// @param topP draws from the fewest likeliest tokens whose probabilities together reach this much
///     (Holtzman et al. 2020); 1 for all
/// @param seed the same seed draws the same tokens from the same logits
public record Sampling(double temperature, int topK, double topP, long seed) {

    /// The likeliest token each time.
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

    /// @throws TanrenException `USAGE` when a setting is out of its range, or would change nothing
    ///     because the likeliest token is taken
    public Sampling {
        if (!(temperature >= 0 && temperature <= Float.MAX_VALUE)) {
            throw wrong("the temperature is " + temperature, "--temperature", "Give 0 or more.");
        }
        if (topK < 0) {
            throw wrong("top k is " + topK, "--top-k", "Give 1 or more, or 0 for all tokens.");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw wrong("top p is " + topP, "--top-p", "Give more than 0 and at most 1.");
        }
        if (temperature == 0 && topK > 0) {
            throw greedy(Integer.toString(topK), "--top-k");
        }
        if (temperature == 0 && topP < 1) {
            throw greedy(Double.toString(topP), "--top-p");
        }
    }

    private static TanrenException greedy(String top, String option) {
        return wrong(
                "at the temperature 0 the likeliest token is taken, so nothing is drawn from the"
                        + " top "
                        + top,
                option,
                "Give `--temperature 1` too, or leave it out.");
    }

    private static TanrenException wrong(String what, String where, String mend) {
        return new TanrenException(ErrorCode.USAGE, what, where, mend);
    }
}
