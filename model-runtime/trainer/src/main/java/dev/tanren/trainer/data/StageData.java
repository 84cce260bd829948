package dev.tanren.trainer.data;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.planner.EvaluationBatch;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.storage.tokens.TokenDataset;
import dev.tanren.trainer.model.MicroBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The data of one phase of a stage: sources to train on and held-out blocks to measure on.
public final class StageData {

    private final TrainingStage stage;
    private final Timetable.Entry entry;
    private final List<BlockSource> sources;
    private final Map<String, List<MicroBatch>> heldOut;

    private StageData(
            TrainingStage stage,
            Timetable.Entry entry,
            List<BlockSource> sources,
            Map<String, List<MicroBatch>> heldOut) {
        this.stage = stage;
        this.entry = entry;
        this.sources = sources;
        this.heldOut = heldOut;
    }

    /// Fetches what the phase needs, shards and plans of blocks. Needs no native library.
    ///
    /// @param manifests key of each dataset's manifest, by the dataset's name
    /// @param cache folder shared by all processes of the node
    /// @param sign called whenever a part of the data is there
    /// @throws TanrenException `DATASET_TOO_SMALL`, `TOKENIZER_MISMATCH`, and what the store
    ///     throws
    public static StageData open(
            Plan plan,
            TrainingStage stage,
            Timetable.Entry entry,
            int vocabSize,
            ObjectStore store,
            Map<String, String> manifests,
            Path cache,
            Runnable sign) {
        Map<String, TokenDataset> datasets = new LinkedHashMap<>();
        Opener opener = new Opener(store, manifests, cache, sign, vocabSize, datasets);
        List<BlockSource> sources = new ArrayList<>();
        for (Map.Entry<String, Long> member : entry.samplesOfMembers().entrySet()) {
            if (member.getValue() > 0) {
                sources.add(source(plan, stage, entry, member.getKey(), opener));
            }
        }
        Map<String, List<MicroBatch>> heldOut = new LinkedHashMap<>();
        TrainingStage.Evaluation evaluation = stage.evaluation();
        if (evaluation != null) {
            for (String name : evaluation.datasets()) {
                heldOut.put(
                        name,
                        heldOut(opener, name, EvaluationBatch.of(stage), evaluation.blocks()));
            }
        }
        return new StageData(stage, entry, List.copyOf(sources), heldOut);
    }

    private record Opener(
            ObjectStore store,
            Map<String, String> manifests,
            Path cache,
            Runnable sign,
            int vocabSize,
            Map<String, TokenDataset> opened) {

        TokenDataset open(String name) {
            return opened.computeIfAbsent(name, this::read);
        }

        private TokenDataset read(String name) {
            String key = manifests.get(name);
            if (key == null) {
                throw new TanrenException(
                        ErrorCode.RANK_LAUNCH,
                        "the launch names no manifest of the dataset, only those of "
                                + manifests.keySet(),
                        "dataset " + name,
                        "Prepare every dataset of the plan before its stage.");
            }
            TokenDataset dataset = TokenDataset.open(store, key, cache, sign);
            if (dataset.manifest().vocabSize() > vocabSize) {
                throw new TanrenException(
                        ErrorCode.TOKENIZER_MISMATCH,
                        "the dataset has token ids below "
                                + dataset.manifest().vocabSize()
                                + ", the model knows those below "
                                + vocabSize,
                        "dataset " + name,
                        "Use the tokenizer that belongs to the model.");
            }
            return dataset;
        }
    }

    private static BlockSource source(
            Plan plan, TrainingStage stage, Timetable.Entry entry, String mixed, Opener opener) {
        int at = mixed.indexOf('@');
        String name = at < 0 ? mixed : mixed.substring(0, at);
        Dataset.@Nullable Tier tier =
                at < 0
                        ? null
                        : Dataset.Tier.valueOf(mixed.substring(at + 1).toUpperCase(Locale.ROOT));
        TokenDataset dataset = opener.open(name);
        int length = entry.phase().sequenceLength();
        PackedBlocks blocks = dataset.trainingBlocks(tier, length);
        if (blocks.count() == 0) {
            throw tooSmall(mixed, "to train on", length);
        }
        Dataset declared = plan.datasets().get(name);
        return new BlockSource(
                mixed + "/" + length,
                blocks,
                declared == null ? Dataset.Order.SHUFFLED : declared.order(),
                Permutation.key(plan.seed(), "order", stage.id()),
                opener.vocabSize());
    }

    private static List<MicroBatch> heldOut(
            Opener opener, String name, EvaluationBatch batch, int limit) {
        TokenDataset dataset = opener.open(name);
        int length = batch.sequenceLength();
        PackedBlocks blocks = dataset.heldOutBlocks(length);
        if (blocks.count() == 0) {
            throw tooSmall(name, "held out for evaluation", length);
        }
        int measured = Math.min(limit, blocks.count());
        List<MicroBatch> batches = new ArrayList<>();
        for (int first = 0; first < measured; first += batch.sequences()) {
            int end = Math.min(measured, first + batch.sequences());
            batches.add(
                    GlobalBatch.join(
                            IntStream.range(first, end)
                                    .mapToObj(
                                            block ->
                                                    BlockSource.within(
                                                            opener.vocabSize(),
                                                            blocks.block(block),
                                                            name + "/" + length + "#" + block))
                                    .toList(),
                            length));
        }
        return List.copyOf(batches);
    }

    private static TanrenException tooSmall(String name, String purpose, int length) {
        return new TanrenException(
                ErrorCode.DATASET_TOO_SMALL,
                "there is no block of " + length + " tokens " + purpose,
                "dataset " + name,
                "Give the dataset more or longer documents, or raise its holdout.");
    }

    /// The order of samples, going on from the state of a checkpoint.
    ///
    /// @param step of the stage that the state is of; 0 at the stage's beginning
    /// @param state of the checkpoint; empty at the stage's beginning
    public SampleOrder order(long step, Map<String, String> state) {
        long done = Math.max(0, step - entry.firstStep() + 1);
        return new SampleOrder(stage, entry, sources, done, state);
    }

    /// Held-out blocks by dataset, in batches: the first blocks of the held-out documents at the
    /// stage's one length of evaluations, [EvaluationBatch]. Empty where the plan has no
    /// evaluation.
    public Map<String, List<MicroBatch>> heldOut() {
        return heldOut;
    }
}
