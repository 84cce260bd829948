package dev.tanren.storage.checkpoint;

import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What an attempt at a stage starts from, decided in one place for those who begin attempts and
/// those who say beforehand what a beginning would do.
public sealed interface AttemptStart {

    /// Everything of a checkpoint of the same stage.
    record Resumed(Committed checkpoint) implements AttemptStart {}

    /// The weights of the last checkpoint of the stage before.
    record AfterStage(String stageId, Committed checkpoint) implements AttemptStart {}

    /// The stage's first weights: imported ones, or those from the plan's seed.
    record Anew() implements AttemptStart {}

    /// Looks for the newest checkpoint of a stage that may be used.
    @FunctionalInterface
    interface Search {
        /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_NONE_VALID` where the stage
        ///     has checkpoints and none of them may be used
        Optional<Committed> newest(String stageId);
    }

    /// @param predecessor the stage whose weights this one begins with; null where it has none
    /// @throws dev.tanren.plan.error.TanrenException `CHECKPOINT_NONE_VALID` where there is nothing
    ///     to start from: to begin from nothing then must be somebody's decision
    static AttemptStart of(String stageId, @Nullable String predecessor, Search search) {
        Optional<Committed> own = search.newest(stageId);
        if (own.isPresent()) {
            return new Resumed(own.get());
        }
        if (predecessor == null) {
            return new Anew();
        }
        return search.newest(predecessor)
                .map(last -> new AfterStage(predecessor, last))
                .orElseThrow(() -> NewestCheckpoint.noneValid(predecessor, "it has none"));
    }

    /// Last step that is in it; 0 before the stage's first.
    default long step() {
        return switch (this) {
            case Resumed resumed -> resumed.checkpoint().manifest().step();
            case AfterStage _, Anew _ -> 0;
        };
    }
}
