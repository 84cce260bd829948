package dev.tanren.plan;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;

/// Where the first stage's weights come from.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ModelSource.Base.class, name = "base"),
    @JsonSubTypes.Type(value = ModelSource.Fresh.class, name = "fresh")
})
public sealed interface ModelSource {

    /// A Hugging Face directory: `file:`, `s3:`, `hf://org/name@revision` or `run:<id>/<stage>`.
    record Base(String uri) implements ModelSource {}

    /// A model with fresh weights.
    ///
    /// @param tokenizer URI of a Hugging Face `tokenizer.json`; null where every dataset is already
    ///     tokenised
    record Fresh(Architecture architecture, @Nullable String tokenizer) implements ModelSource {}
}
