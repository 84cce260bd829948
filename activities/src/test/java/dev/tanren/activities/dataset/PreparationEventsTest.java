package dev.tanren.activities.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.activities.dataset.DatasetPreparation.Prepared;
import dev.tanren.activities.source.SourceListing;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.PreparedDataset;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PreparationEventsTest {

    private static final Plan PLAN =
            PlanReader.read(
                            """
                            apiVersion: tanren.dev/v1
                            name: twenty
                            model:
                              architecture: {family: llama, vocabSize: 300, hiddenSize: 32, layers: 2, heads: 4, intermediateSize: 48}
                              tokenizer: file:./tokenizer.json
                            datasets:
                              prose: {sources: [{uri: "file:./prose"}]}
                              code: {sources: [{uri: "file:./code"}]}
                            stages:
                              - id: base
                                type: pretrain
                                optimizer: {learningRate: 1e-3}
                                globalBatchTokens: 256
                                microBatch: 4
                                phases:
                                  - {id: only, sequenceLength: 64, tokens: 102400, mix: {prose: 0.5, code: 0.5}}
                            """)
                    .planOrThrow();

    private final Recorded events = new Recorded();

    @Test
    void whatWasPreparedIsToldWithHowOftenItIsGoneThrough() {
        new PreparationEvents(events, "run").prepared(PLAN, "prose", prepared(20, 20 * 64));

        assertThat(events.entries).hasSize(2);
        Events.Event first = events.entries.getFirst();
        assertThat(first.type()).isEqualTo("dataset.prepared");
        assertThat(first.message())
                .isEqualTo(
                        "dataset prose is prepared: 20 documents, 1,280 tokens to train on; 2"
                                + " documents, 100 tokens held out; 3 duplicates and 4 blank"
                                + " documents left out");
        PreparedDataset data = Json.mapper().convertValue(first.data(), PreparedDataset.class);
        assertThat(data.trainingTokens()).isEqualTo(1_280);
        assertThat(data.uses()).hasSize(1);
        assertThat(data.uses().getFirst().times()).isEqualTo(40);
        Events.Event second = events.entries.getLast();
        assertThat(second.type()).isEqualTo("dataset.repeated");
        assertThat(second.stageId()).isEqualTo("base");
        assertThat(second.message())
                .isEqualTo(
                        "prose has 20 documents for 800 blocks of 64 tokens in phase only: gone"
                                + " through about 40 times");
    }

    @Test
    void whatAnotherRunPreparedIsShownUnderThePlansOwnSources() {
        new PreparationEvents(events, "run").prepared(PLAN, "prose", prepared(800, 800 * 64));

        assertThat(events.entries.getFirst().data())
                .extracting("statistics")
                .extracting("sources")
                .asInstanceOf(InstanceOfAssertFactories.list(Map.class))
                .singleElement()
                .extracting("uri")
                .isEqualTo("file:./prose");
    }

    @Test
    void dataThatIsGoneThroughOnceIsNoRepetition() {
        new PreparationEvents(events, "run").prepared(PLAN, "prose", prepared(800, 800 * 64));

        assertThat(events.entries)
                .extracting(Events.Event::type)
                .containsExactly("dataset.prepared");
    }

    private static Prepared prepared(int documents, long tokens) {
        DatasetManifest manifest =
                new DatasetManifest(
                        DatasetManifest.VERSION,
                        "prose",
                        "hash",
                        257,
                        true,
                        List.of(
                                new DatasetManifest.Shard(
                                        "key", "gold", documents, tokens, 1, "sha")),
                        List.of(new DatasetManifest.Shard("key", "gold", 2, 100, 1, "sha")),
                        new DatasetManifest.Statistics(
                                5,
                                documents + 2,
                                2,
                                3,
                                4,
                                tokens + 100,
                                1,
                                List.of(
                                        new DatasetManifest.SourceStatistics(
                                                "file:/elsewhere",
                                                1,
                                                5,
                                                documents + 2,
                                                2,
                                                3,
                                                4,
                                                tokens + 100))));
        return new Prepared(
                "datasets/hash/manifest.json", manifest, false, new SourceListing(List.of()));
    }

    private static final class Recorded implements Events {

        private final List<Event> entries = new ArrayList<>();

        @Override
        public long append(
                String runId,
                String type,
                @Nullable String stageId,
                String message,
                Map<String, Object> data,
                @Nullable String key) {
            entries.add(
                    new Event(entries.size(), runId, type, stageId, message, data, Instant.EPOCH));
            return entries.size();
        }

        @Override
        public List<Event> after(String runId, long afterId, int limit) {
            return entries;
        }

        @Override
        public List<Event> ofTypes(String runId, Set<String> types) {
            return entries.stream().filter(event -> types.contains(event.type())).toList();
        }

        @Override
        public List<Event> newest(String runId, Set<String> types, int limit) {
            throw new UnsupportedOperationException();
        }
    }
}
