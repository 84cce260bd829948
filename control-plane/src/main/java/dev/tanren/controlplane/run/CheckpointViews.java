package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.CheckpointView;
import dev.tanren.storage.registry.Checkpoints;

/// Checkpoints as the API shows them.
final class CheckpointViews {

    private CheckpointViews() {}

    static CheckpointView of(Checkpoints.Row row) {
        return new CheckpointView(
                row.stageId(),
                row.phaseId(),
                row.step(),
                row.attempt(),
                row.loss(),
                row.bytes(),
                row.weightsSha256(),
                row.manifestKey(),
                row.committedAt(),
                row.verifiedAt(),
                row.quarantined());
    }
}
