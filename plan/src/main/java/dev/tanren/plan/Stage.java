package dev.tanren.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One step of a plan.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = TrainingStage.class, name = "training"),
    @JsonSubTypes.Type(value = Stage.Evaluate.class, name = "evaluate"),
    @JsonSubTypes.Type(value = Stage.Export.class, name = "export"),
    @JsonSubTypes.Type(value = Stage.Approve.class, name = "approve")
})
public sealed interface Stage permits TrainingStage, Stage.Evaluate, Stage.Export, Stage.Approve {

    /// Unique in the plan: lower-case letters, digits and hyphens.
    String id();

    /// Measures a model in the inference runtime and stops the plan when a requirement does not
    /// hold.
    ///
    /// @param of the training or export stage whose model is measured
    /// @param require by metric name: `<dataset>.perplexity`, `<dataset>.loss`,
    ///     `<dataset>.forgetting` (relative rise of perplexity against the state before the
    ///     training stage)
    record Evaluate(String id, String of, Map<String, Requirement> require) implements Stage {
        public Evaluate {
            require = Collections.unmodifiableMap(new LinkedHashMap<>(require));
        }
    }

    /// Either bound may be absent, not both.
    record Requirement(@Nullable Double below, @Nullable Double above) {}

    /// Publishes the weights of a training stage.
    ///
    /// @param dtype element type of the weights in the Hugging Face layout; float32 in plans from
    ///     before there was a choice
    /// @param weights trained in plans from before there was a choice
    record Export(
            String id, String of, List<Format> formats, ElementType dtype, ExportedWeights weights)
            implements Stage {
        public Export {
            formats = List.copyOf(formats);
            dtype = Objects.requireNonNullElse(dtype, ElementType.FLOAT32);
            weights = Objects.requireNonNullElse(weights, ExportedWeights.TRAINED);
        }

        /// The trained weights as float32.
        public Export(String id, String of, List<Format> formats) {
            this(id, of, formats, ElementType.FLOAT32, ExportedWeights.TRAINED);
        }
    }

    enum ExportedWeights {
        /// As they are after the last step.
        TRAINED,
        /// Their mean; the training stage has `averaging`.
        AVERAGED
    }

    enum Format {
        HUGGINGFACE,
        DJL
    }

    /// Waits for a person.
    record Approve(String id) implements Stage {}
}
