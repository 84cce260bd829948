package dev.tanren.plan.testing;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.run.TrainedOn;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What runs of tests train on.
public final class Inputs {

    private Inputs() {}

    /// Fresh weights.
    ///
    /// @param manifestKeys by the dataset's name; each stands for its content too
    public static TrainedOn of(Architecture architecture, Map<String, String> manifestKeys) {
        return of(architecture, "models/t/tokenizer.json", null, manifestKeys);
    }

    /// @param tokenizerKey empty for none
    /// @param basePrefix null for fresh weights
    public static TrainedOn of(
            Architecture architecture,
            String tokenizerKey,
            @Nullable String basePrefix,
            Map<String, String> manifestKeys) {
        Map<String, TrainedOn.Data> datasets = new LinkedHashMap<>();
        manifestKeys.forEach(
                (name, key) -> datasets.put(name, new TrainedOn.Data("hash of " + key, key, "")));
        return new TrainedOn(
                new TrainedOn.Model(
                        architecture,
                        tokenizerKey.isEmpty()
                                ? null
                                : new TrainedOn.Tokenizer(tokenizerKey, "hash of " + tokenizerKey),
                        basePrefix == null
                                ? null
                                : new TrainedOn.Base(
                                        "file:/base",
                                        basePrefix,
                                        null,
                                        "hash of " + basePrefix,
                                        List.of())),
                datasets);
    }
}
