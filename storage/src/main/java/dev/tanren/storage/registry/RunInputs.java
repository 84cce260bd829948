package dev.tanren.storage.registry;

import dev.tanren.plan.run.TrainedOn;
import java.util.Optional;
import java.util.Set;

/// What runs train on. A record is written once and never changed.
public interface RunInputs {

    /// Records what a run trains on, unless that is recorded already.
    ///
    /// @return what is recorded, whoever wrote it
    TrainedOn fix(String runId, TrainedOn trainedOn);

    /// @return empty for a run whose preparation never came to its end
    Optional<TrainedOn> find(String runId);

    /// Key prefixes, ending in `/`, of every dataset, tokenizer and base that some run trains on:
    /// what lies below them is needed as long as the run may go on.
    Set<String> prefixes();
}
