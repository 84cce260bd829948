package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.RunDetail.PreparingView;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.tokens.PreparedDataset;
import dev.tanren.storage.tokens.PreparingDataset;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What was prepared for a run and what is being prepared, as its events tell it.
///
/// @param prepared in the order in which it was; what was prepared again, because its sources
///     changed, as it is now
/// @param preparing the last that was told of each dataset since it was prepared last
record DatasetViews(List<PreparedDataset> prepared, List<PreparingView> preparing) {

    private static final String SKIPPED = "phase.skipped";
    private static final Set<String> TOLD =
            Set.of(PreparedDataset.EVENT, PreparingDataset.EVENT, SKIPPED);

    private record Phase(@Nullable String stage, String phase) {}

    static DatasetViews of(Events events, String runId) {
        Map<String, PreparedDataset> prepared = new LinkedHashMap<>();
        Map<String, PreparingView> preparing = new LinkedHashMap<>();
        Set<Phase> leftOut = new HashSet<>();
        for (Events.Event event : events.ofTypes(runId, TOLD)) {
            if (event.type().equals(SKIPPED)) {
                leftOut.add(new Phase(event.stageId(), String.valueOf(event.data().get("phase"))));
            } else if (event.type().equals(PreparingDataset.EVENT)) {
                read(event, PreparingDataset.class)
                        .map(it -> view(it, event))
                        .ifPresent(it -> preparing.put(it.dataset(), it));
            } else {
                read(event, PreparedDataset.class)
                        .ifPresent(
                                it -> {
                                    prepared.put(it.dataset(), it);
                                    preparing.remove(it.dataset());
                                });
            }
        }
        return new DatasetViews(
                prepared.values().stream().map(it -> withoutPhases(it, leftOut)).toList(),
                List.copyOf(preparing.values()));
    }

    /// A phase that was left out goes through nothing.
    private static PreparedDataset withoutPhases(PreparedDataset prepared, Set<Phase> leftOut) {
        return new PreparedDataset(
                prepared.dataset(),
                prepared.manifestKey(),
                prepared.reused(),
                prepared.trainingTokens(),
                prepared.heldOutTokens(),
                prepared.statistics(),
                prepared.uses().stream()
                        .filter(use -> !leftOut.contains(new Phase(use.stage(), use.phase())))
                        .toList());
    }

    private static PreparingView view(PreparingDataset told, Events.Event event) {
        return new PreparingView(
                told.dataset(), told.doing(), told.done(), told.unit(), told.bytes(), event.at());
    }

    /// Empty where a worker of another version wrote what this server cannot read.
    private static <T> Optional<T> read(Events.Event event, Class<T> type) {
        try {
            return Optional.of(Json.mapper().convertValue(event.data(), type));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
