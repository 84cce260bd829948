package dev.tanren.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Dataset.Order;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.tokens.Documents;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.trainer.rank.TinyPlan;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleOrderTest {

    private static final TrainingStage STAGE = TinyPlan.stage(4);

    @Test
    void ranksTogetherReadTheGlobalBatchWhateverTheirNumber() {
        for (int worldSize : new int[] {1, 2, 4}) {
            for (long step = 1; step <= 6; step++) {
                GlobalBatch whole = order(0, 0, Map.of()).at(step);
                List<int[]> tokens = new ArrayList<>();
                for (int rank = 0; rank < worldSize; rank++) {
                    try (BatchPrefetcher batches =
                            new BatchPrefetcher(
                                    order(0, 0, Map.of()), rank, worldSize, step, step)) {
                        BatchPrefetcher.Prepared prepared = batches.next();
                        assertThat(prepared.hash()).isEqualTo(whole.hash());
                        assertThat(prepared.targets()).isEqualTo(whole.targets());
                        prepared.own().forEach(batch -> tokens.add(batch.tokens()));
                    }
                }
                assertThat(tokens)
                        .containsExactlyElementsOf(
                                IntStream.range(0, whole.microBatches())
                                        .mapToObj(whole::microBatch)
                                        .map(batch -> batch.tokens())
                                        .toList());
            }
        }
    }

    @Test
    void targetsAreCountedWithoutReadingTokens() {
        GlobalBatch batch = order(0, 0, Map.of()).at(3);
        assertThat(batch.targets())
                .isEqualTo(
                        IntStream.range(0, batch.microBatches())
                                .mapToLong(index -> batch.microBatch(index).countedTargets())
                                .sum());
    }

    @Test
    void aResumeInTheMiddleOfAnEpochGoesOnWhereItStopped() {
        SampleOrder whole = order(0, 0, Map.of());
        for (long step = 1; step < 6; step++) {
            SampleOrder resumed = order(0, step, whole.offsets(step));
            assertThat(resumed.at(step + 1).sampleIds()).isEqualTo(whole.at(step + 1).sampleIds());
            assertThat(resumed.offsets(6)).isEqualTo(whole.offsets(6));
        }
    }

    @Test
    void aLaterPhaseGoesOnAtTheOffsetsOfTheEarlierOne() {
        Map<String, String> after = order(0, 0, Map.of()).offsets(6);
        SampleOrder next = order(1, 0, after);
        assertThat(next.offsets(6)).isEqualTo(after);
        assertThat(next.offsets(8)).containsEntry("data.offset.sequence/16", "16");
        assertThat(next.offsets(8).get("data.offset.shuffled/16"))
                .isEqualTo(after.get("data.offset.shuffled/16"));
    }

    @Test
    void anEpochContainsEveryBlockOnce() {
        SampleOrder order = order(0, 0, Map.of());
        List<String> ids = new ArrayList<>();
        for (long step = 1; step <= 6; step++) {
            ids.addAll(order.at(step).sampleIds());
        }
        List<String> epoch =
                ids.stream().filter(id -> id.startsWith("shuffled")).limit(30).toList();
        assertThat(new HashSet<>(epoch)).hasSize(30);
        assertThat(ids.stream().filter(id -> id.startsWith("sequence")))
                .startsWith("sequence/16#0", "sequence/16#1", "sequence/16#2");
    }

    /// 125 steps of 8 are 1,000 sequences.
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0.0001, 0",
        "0.0004, 0",
        "0.0006, 1",
        "0.001, 1",
        "0.0104, 10",
        "0.3337, 334"
    })
    void aPhaseTakesFromASourceWhatItsShareSays(double share, long taken) {
        Map<String, Double> mix =
                new LinkedHashMap<>(Map.of("sequence", share, "shuffled", 1 - share));
        Timetable.Entry entry =
                new Timetable.Entry(new TrainingStage.Phase("p", 16, 1, mix, null), 1, 125, 8, 4);
        List<BlockSource> sources =
                entry.samplesOfMembers().entrySet().stream()
                        .filter(member -> member.getValue() > 0)
                        .map(member -> source(member.getKey(), Order.SHUFFLED))
                        .toList();
        SampleOrder order = new SampleOrder(STAGE, entry, sources, 0, Map.of());
        List<String> ids =
                LongStream.rangeClosed(1, 125)
                        .boxed()
                        .flatMap(step -> order.at(step).sampleIds().stream())
                        .toList();
        assertThat(ids).hasSize(1000);
        assertThat(ids.stream().filter(id -> id.startsWith("sequence/"))).hasSize((int) taken);
    }

    @Test
    void theOrderInWhichAPlanWritesItsMixDecidesNothing() {
        TrainingStage.Phase one = new TrainingStage.Phase("p", 16, 1, mix("a", "b", "c"), null);
        TrainingStage.Phase other = new TrainingStage.Phase("p", 16, 1, mix("c", "b", "a"), null);
        assertThat(ids(one, List.of("a", "b", "c"))).isEqualTo(ids(other, List.of("c", "a", "b")));
    }

    private static Map<String, Double> mix(String... names) {
        Map<String, Double> mix = new LinkedHashMap<>();
        for (String name : names) {
            mix.put(name, 1.0 / 3);
        }
        return mix;
    }

    private static List<String> ids(TrainingStage.Phase phase, List<String> names) {
        SampleOrder order =
                new SampleOrder(
                        STAGE,
                        new Timetable.Entry(phase, 1, 4, 8, 4),
                        names.stream().map(name -> source(name, Order.SHUFFLED)).toList(),
                        0,
                        Map.of());
        return LongStream.rangeClosed(1, 4)
                .boxed()
                .flatMap(step -> order.at(step).sampleIds().stream())
                .toList();
    }

    /// Phase 0 mixes both sources; phase 1 reads one of them, already begun or not.
    private static SampleOrder order(int phase, long done, Map<String, String> state) {
        Map<String, Double> mix =
                phase == 0
                        ? new LinkedHashMap<>(Map.of("shuffled", 0.75))
                        : Map.of("sequence", 1.0);
        List<BlockSource> sources = new ArrayList<>();
        if (phase == 0) {
            mix.put("sequence", 0.25);
            sources.add(source("shuffled", Order.SHUFFLED));
        }
        sources.add(source("sequence", Order.SEQUENTIAL));
        Timetable.Entry entry =
                new Timetable.Entry(
                        new TrainingStage.Phase("p" + phase, 16, 1, mix, null),
                        phase == 0 ? 1 : 7,
                        phase == 0 ? 6 : 12,
                        phase == 0 ? 8 : 2,
                        phase == 0 ? 4 : 1);
        return new SampleOrder(STAGE, entry, sources, done, state);
    }

    private static BlockSource source(String name, Order order) {
        Documents documents =
                new Documents() {
                    @Override
                    public int count() {
                        return 30;
                    }

                    @Override
                    public int length(int document) {
                        return 11 + document % 6;
                    }

                    @Override
                    public void copy(int document, int from, int length, int[] to, int offset) {
                        for (int i = 0; i < length; i++) {
                            to[offset + i] = document * 16 + from + i;
                        }
                    }
                };
        return new BlockSource(
                name + "/16", PackedBlocks.pack(documents, 16, true), order, 17, 1 << 16);
    }
}
