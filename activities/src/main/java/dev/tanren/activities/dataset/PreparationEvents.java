package dev.tanren.activities.dataset;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.tanren.activities.dataset.DatasetPreparation.Prepared;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.planner.DataUse;
import dev.tanren.storage.registry.Events;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.DatasetManifest.Shard;
import dev.tanren.storage.tokens.DatasetManifest.Statistics;
import dev.tanren.storage.tokens.PreparedDataset;
import dev.tanren.storage.tokens.PreparingDataset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/// Tells a run's timeline what was prepared for it, and how often training goes through it.
final class PreparationEvents {

    private final Events events;
    private final String runId;

    PreparationEvents(Events events, String runId) {
        this.events = events;
        this.runId = runId;
    }

    void progress(PreparingDataset progress) {
        events.append(
                runId,
                PreparingDataset.EVENT,
                null,
                progress.sentence(),
                Json.mapper().convertValue(progress, new TypeReference<>() {}),
                null);
    }

    /// Once for the same content, however often it is asked.
    void prepared(Plan plan, String dataset, Prepared prepared) {
        DatasetManifest manifest = prepared.manifest();
        List<DataUse> uses = DataUse.of(plan, dataset, tier -> tokens(manifest.training(), tier));
        events.append(
                runId,
                PreparedDataset.EVENT,
                null,
                sentence(dataset, prepared),
                data(plan, dataset, prepared, uses),
                "dataset.prepared/" + dataset + "/" + manifest.contentHash());
        uses.stream().filter(DataUse::repeats).forEach(use -> repeated(dataset, manifest, use));
    }

    private void repeated(String dataset, DatasetManifest manifest, DataUse use) {
        long documents = documents(manifest.training(), tier(use.entry()));
        events.append(
                runId,
                "dataset.repeated",
                use.stage(),
                String.format(
                        Locale.ROOT,
                        "%s has %,d %s for %,d blocks of %,d tokens in phase %s: gone through"
                                + " about %s times",
                        use.entry(),
                        documents,
                        manifest.documentBoundaries() ? "documents" : "stretches of tokens",
                        use.blocks(),
                        use.sequenceLength(),
                        use.phase(),
                        times(use.times())),
                Map.of("use", use, "documents", documents),
                String.join(
                        "/",
                        "dataset.repeated",
                        dataset,
                        manifest.contentHash(),
                        use.stage(),
                        use.phase(),
                        use.entry()));
    }

    private static String sentence(String dataset, Prepared prepared) {
        DatasetManifest manifest = prepared.manifest();
        Statistics statistics = manifest.statistics();
        return String.format(
                Locale.ROOT,
                "dataset %s %s: %s, %s to train on; %s, %s held out; %s and %s left out",
                dataset,
                prepared.reused() ? "was prepared before" : "is prepared",
                count(statistics.documents() - statistics.heldOut(), "document"),
                count(tokens(manifest.training(), ""), "token"),
                count(statistics.heldOut(), "document"),
                count(tokens(manifest.heldOut(), ""), "token"),
                count(statistics.duplicates(), "duplicate"),
                count(statistics.dropped(), "blank document"));
    }

    private static String count(long count, String what) {
        return String.format(Locale.ROOT, "%,d %s%s", count, what, count == 1 ? "" : "s");
    }

    /// What another run prepared of the same content is shown under this plan's own sources.
    private static Map<String, Object> data(
            Plan plan, String dataset, Prepared prepared, List<DataUse> uses) {
        DatasetManifest manifest = prepared.manifest();
        List<String> sources =
                Objects.requireNonNull(plan.datasets().get(dataset)).sources().stream()
                        .map(Dataset.Source::uri)
                        .toList();
        return Json.mapper()
                .convertValue(
                        new PreparedDataset(
                                dataset,
                                prepared.manifestKey(),
                                prepared.reused(),
                                tokens(manifest.training(), ""),
                                tokens(manifest.heldOut(), ""),
                                manifest.statistics().named(sources),
                                uses),
                        new TypeReference<>() {});
    }

    private static String times(double times) {
        return times < 10
                ? String.format(Locale.ROOT, "%.1f", times)
                : String.format(Locale.ROOT, "%,d", Math.round(times));
    }

    private static String tier(String entry) {
        return entry.indexOf('@') < 0 ? "" : entry.substring(entry.indexOf('@') + 1);
    }

    private static long tokens(List<Shard> shards, String tier) {
        return shards.stream()
                .filter(shard -> tier.isEmpty() || shard.tier().equals(tier))
                .mapToLong(Shard::tokens)
                .sum();
    }

    private static long documents(List<Shard> shards, String tier) {
        return shards.stream()
                .filter(shard -> tier.isEmpty() || shard.tier().equals(tier))
                .mapToLong(Shard::documents)
                .sum();
    }
}
