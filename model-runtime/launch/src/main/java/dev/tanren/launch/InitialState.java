package dev.tanren.launch;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// What a stage starts from, or goes on from.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = InitialState.Random.class, name = "random"),
    @JsonSubTypes.Type(value = InitialState.Imported.class, name = "imported"),
    @JsonSubTypes.Type(value = InitialState.Weights.class, name = "weights"),
    @JsonSubTypes.Type(value = InitialState.Resume.class, name = "resume")
})
public sealed interface InitialState {

    /// Fresh weights from the plan's seed; step 0.
    record Random() implements InitialState {}

    /// A Hugging Face directory in the object store; step 0.
    ///
    /// @param prefix key prefix that holds `config.json` and the safetensors files, ending in `/`
    record Imported(String prefix) implements InitialState {}

    /// The weights of another stage's checkpoint with a new optimizer; step 0.
    record Weights(String manifestKey) implements InitialState {}

    /// Everything of a checkpoint of this stage: goes on with the step after it.
    record Resume(String manifestKey, long step) implements InitialState {}
}
