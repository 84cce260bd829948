package dev.tanren.activities.dataset;

import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.storage.tokens.DatasetManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Prepares the folder `corpus` below the argument in a process of its own and tells what came of
/// it. Shards go nowhere, so that the memory is that of the preparation.
final class PrepareMain {

    private PrepareMain() {}

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        ForgetfulStore store = new ForgetfulStore();
        try (var in = PrepareMain.class.getResourceAsStream("/bytes-tokenizer.json")) {
            if (in == null) {
                throw new IOException("the tokenizer is not on the class path");
            }
            store.put("tokenizer.json", in.readAllBytes());
        }
        Dataset dataset =
                new Dataset(
                        List.of(
                                new Dataset.Source(
                                        "file:" + folder.resolve("corpus"),
                                        null,
                                        "text",
                                        Dataset.Format.AUTO)),
                        new Dataset.Quality(Dataset.Scorer.HEURISTIC, 1),
                        Dataset.Order.SHUFFLED,
                        0);
        Sources sources =
                new Sources(
                        new FileRoots(List.of(folder)),
                        new SourceBuckets(List.of(), bucket -> store.kept));
        DatasetManifest manifest =
                new DatasetPreparation(store, sources, folder.resolve("scratch"), 2)
                        .prepare(
                                new DatasetPreparation.Request("d", dataset, "tokenizer.json", 257),
                                Progress.NONE)
                        .manifest();
        System.out.printf(
                Locale.ROOT,
                "documents %d tokens %d peak resident %s%n",
                manifest.statistics().documents(),
                manifest.statistics().tokens(),
                peak());
    }

    private static String peak() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("unknown")
                .replaceAll("\\s+", " ");
    }
}
