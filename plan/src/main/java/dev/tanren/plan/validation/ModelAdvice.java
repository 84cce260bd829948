package dev.tanren.plan.validation;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.model.EndTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What is worth knowing of a model before it is trained, and stops nothing.
///
/// @param found what the model has
/// @param expected what is usual
/// @param mend what to do about it
public record ModelAdvice(String found, String expected, String mend) {

    /// That transformers 5 refuses to load a Llama whose hidden size its heads do not divide, which
    /// transformers 4 loads, as it does such models of the other families.
    public static Optional<ModelAdvice> heads(Family family, long hiddenSize, long heads) {
        if (family != Family.LLAMA || hiddenSize % heads == 0) {
            return Optional.empty();
        }
        return Optional.of(
                new ModelAdvice(
                        "a llama with a hidden size of " + hiddenSize + " and " + heads + " heads",
                        "a hidden size that is a multiple of the heads",
                        "transformers 5 refuses to load what is published of it, and transformers 4"
                                + " loads it; choose another shape if others are to use it."));
    }

    /// That documents have no end, where a tokenizer makes them.
    public static Optional<ModelAdvice> end(EndTokens ends) {
        if (ends.document() != null) {
            return Optional.empty();
        }
        return Optional.of(
                new ModelAdvice(
                        "a model without an end token",
                        "a token that ends each document",
                        "Documents are trained on without an end, so the model never ends a text;"
                                + " name its eos_token in tokenizer_config.json."));
    }

    /// All that is to be said.
    public static List<ModelAdvice> of(Architecture architecture, Optional<EndTokens> ends) {
        List<ModelAdvice> advice = new ArrayList<>();
        heads(architecture.family(), architecture.hiddenSize(), architecture.heads())
                .ifPresent(advice::add);
        ends.flatMap(ModelAdvice::end).ifPresent(advice::add);
        return advice;
    }
}
