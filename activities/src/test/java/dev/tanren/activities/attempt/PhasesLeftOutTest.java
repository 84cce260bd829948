package dev.tanren.activities.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.checkpoint.SkippedPhases;
import dev.tanren.storage.registry.Events;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PhasesLeftOutTest {

    private static final TrainingStage STAGE =
            StageBuilder.small()
                    .phases(
                            StageBuilder.phase("a", 16, 640),
                            StageBuilder.phase("b", 16, 640),
                            StageBuilder.phase("c", 16, 640),
                            StageBuilder.phase("d", 16, 640))
                    .build();

    @Test
    void theyAreThoseThatTheRunsEventsName() {
        assertThat(before("d", Map.of(), skipped("adapt", "c"), skipped("other", "b")))
                .containsExactly("c");
    }

    @Test
    void withoutTheEventsTheCheckpointTellsThem() {
        assertThat(before("d", SkippedPhases.values(List.of("b", "c")))).containsExactly("b", "c");
        assertThat(before("d", SkippedPhases.values(List.of("b")), skipped("adapt", "c")))
                .containsExactly("b", "c");
        assertThat(before("d", Map.of())).isEmpty();
    }

    @Test
    void aPhaseThatIsTrainedAgainKnowsNothingOfLaterOnes() {
        assertThat(before("a", Map.of(), skipped("adapt", "b"))).isEmpty();
        assertThat(before("c", Map.of(), skipped("adapt", "b"), skipped("adapt", "d")))
                .containsExactly("b");
    }

    private static List<String> before(
            String phase, Map<String, String> state, Events.Event... events) {
        return PhasesLeftOut.before(phase, STAGE, new FixedEvents(List.of(events)), "r", state);
    }

    private static Events.Event skipped(String stage, String phase) {
        return new Events.Event(
                1, "r", "phase.skipped", stage, "", Map.of("phase", phase), Instant.EPOCH);
    }

    private record FixedEvents(List<Events.Event> all) implements Events {

        @Override
        public long append(
                String runId,
                String type,
                @Nullable String stageId,
                String message,
                Map<String, Object> data,
                @Nullable String key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Event> after(String runId, long afterId, int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Event> ofTypes(String runId, Set<String> types) {
            return all.stream().filter(event -> types.contains(event.type())).toList();
        }

        @Override
        public List<Event> newest(String runId, Set<String> types, int limit) {
            throw new UnsupportedOperationException();
        }
    }
}
