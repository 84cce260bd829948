package dev.tanren.workflows.activity;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// What the ranks of an attempt start from.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = StartingPoint.Fresh.class, name = "fresh"),
    @JsonSubTypes.Type(value = StartingPoint.Imported.class, name = "imported"),
    @JsonSubTypes.Type(value = StartingPoint.OtherStage.class, name = "otherStage"),
    @JsonSubTypes.Type(value = StartingPoint.Checkpoint.class, name = "checkpoint")
})
public sealed interface StartingPoint {

    /// Weights from the plan's seed.
    record Fresh() implements StartingPoint {}

    /// A Hugging Face directory.
    record Imported(String prefix) implements StartingPoint {}

    /// The weights of the last checkpoint of the stage before.
    record OtherStage(String manifestKey) implements StartingPoint {}

    /// Everything of a checkpoint of the same stage.
    record Checkpoint(String manifestKey, long step) implements StartingPoint {}
}
