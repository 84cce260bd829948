package dev.tanren.activities.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.github.luben.zstd.Zstd;
import dev.tanren.activities.dataset.DatasetPreparation.Prepared;
import dev.tanren.activities.dataset.DatasetPreparation.Request;
import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.Documents;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.storage.tokens.TokenDataset;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetPreparationTest {

    private static final int VOCABULARY = 257;
    private static final int END_OF_TEXT = 256;

    @TempDir private Path folder;
    private Path corpus;
    private final MemoryObjectStore store = new MemoryObjectStore();

    @BeforeEach
    void aCorpusAndATokenizerOfBytes() throws IOException {
        corpus = Files.createDirectories(folder.resolve("corpus"));
        try (var in = getClass().getResourceAsStream("/bytes-tokenizer.json")) {
            assertThat(in).isNotNull();
            store.put("tokenizer.json", in == null ? new byte[0] : in.readAllBytes());
        }
    }

    @Test
    void textFilesBecomeDocumentsThatEndInTheEndOfText() throws IOException {
        write("a.txt", "ab");
        write("deep/er/b.txt", "cde");
        write("deep/skipped.md", "x");

        DatasetManifest manifest = prepare(dataset("**/*.txt", 1, 0)).manifest();

        Documents documents = open(manifest).training(null);
        assertThat(documents.count()).isEqualTo(2);
        assertThat(manifest.statistics().tokens()).isEqualTo(7);
        int[] first = new int[documents.length(0)];
        documents.copy(0, 0, first.length, first, 0);
        assertThat(first[first.length - 1]).isEqualTo(END_OF_TEXT);
    }

    @Test
    void theSameContentIsPreparedOnceAndAChangeIsSeen() throws IOException {
        write("a.txt", "one document");
        Prepared first = prepare(dataset(null, 1, 0));
        int writes = store.writes();
        Prepared again = prepare(dataset(null, 1, 0));

        assertThat(first.reused()).isFalse();
        assertThat(again.reused()).isTrue();
        assertThat(again.manifestKey()).isEqualTo(first.manifestKey());
        assertThat(store.writes()).isEqualTo(writes);

        write("a.txt", "two document");
        assertThat(prepare(dataset(null, 1, 0)).manifestKey()).isNotEqualTo(first.manifestKey());
    }

    @Test
    void jsonLinesAreReadPlainAndPacked() throws IOException {
        String lines = "{\"text\":\"first\",\"n\":{\"a\":[1]}}\n\n{\"n\":2,\"text\":\"second\"}";
        byte[] bytes = lines.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
            gzip.write(bytes);
        }
        Files.write(corpus.resolve("a.jsonl"), bytes);
        Files.write(corpus.resolve("b.jsonl.gz"), zipped.toByteArray());
        Files.write(corpus.resolve("c.jsonl.zst"), Zstd.compress(bytes));

        DatasetManifest manifest = prepare(dataset(null, 1, 0)).manifest();

        assertThat(manifest.statistics().documents()).isEqualTo(2);
        assertThat(manifest.statistics().duplicates()).isEqualTo(4);
    }

    @Test
    void documentsAreHeldOutByTheirContentAndRankedIntoTiers() throws IOException {
        for (int file = 0; file < 40; file++) {
            write(file + ".txt", "Document number " + file + " says something of its own.");
        }
        write("bad.txt", "{{{{ ;;;; 1 2 3\n".repeat(100));

        DatasetManifest manifest = prepare(dataset(null, 2, 0.2)).manifest();

        TokenDataset dataset = open(manifest);
        int heldOut = dataset.heldOut().count();
        assertThat(heldOut).isBetween(1, 20);
        assertThat(dataset.training(null).count()).isEqualTo(41 - heldOut);
        assertThat(dataset.training(Dataset.Tier.GOLD).count()).isEqualTo((41 - heldOut) / 2);
        assertThat(PackedBlocks.pack(dataset.heldOut(), 16, true).count()).isPositive();
        assertCode(
                ErrorCode.DATASET_TOO_SMALL, "bronze", () -> dataset.training(Dataset.Tier.BRONZE));
    }

    @Test
    void whatWasPreparedIsCountedInAllAndBySource() throws IOException {
        write("one/a.txt", "first");
        write("one/b.txt", "second");
        write("two/c.jsonl", "{\"text\":\"first\"}\n{\"text\":\" \"}\n{\"text\":\"third!\"}\n");
        Dataset dataset =
                new Dataset(
                        List.of(
                                source("file:" + corpus + "/one"),
                                source("file:" + corpus + "/two")),
                        new Dataset.Quality(Dataset.Scorer.NONE, 1),
                        Dataset.Order.SHUFFLED,
                        0.01);

        DatasetManifest.Statistics counted = prepare(dataset).manifest().statistics();

        assertThat(counted.documents()).isEqualTo(3);
        assertThat(counted.heldOut()).isEqualTo(1);
        assertThat(counted.duplicates()).isEqualTo(1);
        assertThat(counted.dropped()).isEqualTo(1);
        assertThat(counted.tokens()).isEqualTo(6 + 7 + 7);
        assertThat(counted.sources())
                .extracting(
                        DatasetManifest.SourceStatistics::files,
                        DatasetManifest.SourceStatistics::documents,
                        DatasetManifest.SourceStatistics::tokens,
                        DatasetManifest.SourceStatistics::duplicates,
                        DatasetManifest.SourceStatistics::dropped)
                .containsExactly(tuple(2L, 2L, 13L, 0L, 0L), tuple(1L, 1L, 7L, 1L, 1L));
        assertThat(counted.sources().getLast().uri()).isEqualTo("file:" + corpus + "/two");
    }

    @Test
    void aSequentialDatasetKeepsTheOrderOfItsSources() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int document = 1; document <= 12; document++) {
            String letter = Character.toString('a' + document - 1);
            lines.append("{\"text\":\"" + letter.repeat(15) + "\"}\n");
        }
        write("a.jsonl", lines.toString());
        Dataset shuffled = dataset(null, 1, 0);
        Dataset sequential =
                new Dataset(shuffled.sources(), shuffled.quality(), Dataset.Order.SEQUENTIAL, 0);

        Prepared prepared = prepare(sequential);

        PackedBlocks blocks = PackedBlocks.pack(open(prepared.manifest()).training(null), 16, true);
        assertThat(blocks.count()).isEqualTo(12);
        for (int block = 0; block < 12; block++) {
            // The letters' ids follow each other as the letters do.
            assertThat(blocks.block(block).tokens()[0])
                    .isEqualTo(blocks.block(0).tokens()[0] + block);
        }
        assertThat(prepare(shuffled).manifestKey()).isNotEqualTo(prepared.manifestKey());
        assertThat(prepare(sequential).reused()).isTrue();
    }

    @Test
    void readyTokensStayOneStreamWhoseEndIsHeldOut() throws IOException {
        Files.write(corpus.resolve("t.bin"), new byte[] {1, 0, 2, 0, 3, 0, 4, 0, 5, 0});

        DatasetManifest manifest =
                prepare(dataset(null, 1, 0.4, Dataset.Format.TOKENS_U16)).manifest();

        assertThat(manifest.documentBoundaries()).isFalse();
        assertThat(manifest.vocabSize()).isEqualTo(6);
        assertThat(open(manifest).training(null).tokens()).isEqualTo(3);
        assertThat(open(manifest).heldOut().tokens()).isEqualTo(2);
    }

    /// What was hashed is what is tokenised, or nothing is published.
    @Test
    void aFileThatGrowsWhileItIsReadIsRefused() throws IOException {
        write("a.jsonl", "{\"text\":\"first\"}\n");
        Path file = corpus.resolve("a.jsonl");
        assertChanged(
                dataset(null, 1, 0),
                () -> append(file, "{\"text\":\"second\"}\n".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void aFileThatIsRewrittenInTheSameLengthWhileItIsReadIsRefused() throws IOException {
        write("a.txt", "first");
        assertChanged(dataset(null, 1, 0), () -> write("a.txt", "other"));
    }

    @Test
    void readyTokensThatChangeWhileTheyAreReadAreRefused() throws IOException {
        Path file = corpus.resolve("t.bin");
        Dataset tokens = dataset(null, 1, 0.4, Dataset.Format.TOKENS_U16);
        byte[] ids = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0};
        Files.write(file, ids);
        assertChanged(tokens, () -> append(file, new byte[] {6, 0}));
        Files.write(file, ids);
        assertChanged(tokens, () -> Files.write(file, new byte[] {1, 0, 2, 0, 3, 0, 4, 0, 6, 0}));
    }

    /// Changes the sources, of which there is one file, once that is hashed.
    private void assertChanged(Dataset dataset, Change change) {
        AtomicBoolean changed = new AtomicBoolean();
        assertCode(
                ErrorCode.SOURCE_UNREADABLE,
                "changed while it was read",
                () ->
                        preparation(new FileRoots(List.of(corpus)))
                                .prepare(
                                        new Request("d", dataset, "tokenizer.json", VOCABULARY),
                                        (what, done) -> {
                                            if (what.equals("reading")
                                                    && done == 1
                                                    && !changed.getAndSet(true)) {
                                                change.make();
                                            }
                                        }));
        assertThat(changed).isTrue();
        assertThat(store.list("datasets/"))
                .noneMatch(object -> object.key().endsWith("manifest.json"));
    }

    @FunctionalInterface
    private interface Change {
        void apply() throws IOException;

        default void make() {
            try {
                apply();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void append(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes, StandardOpenOption.APPEND);
    }

    @Test
    void badInputIsRefusedNamingItsPlace() throws IOException {
        assertRefused(ErrorCode.SOURCE_EMPTY, "corpus");
        Files.write(corpus.resolve("a.txt"), new byte[] {'a', (byte) 0xff});
        assertRefused(ErrorCode.SOURCE_UNREADABLE, "a.txt");
        Files.delete(corpus.resolve("a.txt"));
        write("b.jsonl", "{\"text\":\"fine\"}\n{\"txt\":1}\n");
        assertRefused(ErrorCode.SOURCE_UNREADABLE, "b.jsonl:2");
        write("b.jsonl", "{\"text\":\"fine\"}\n{\"text\":\n");
        assertRefused(ErrorCode.SOURCE_UNREADABLE, "b.jsonl:2");
        assertThat(store.list("datasets/")).isEmpty();
    }

    @Test
    void aTokenizerLargerThanTheModelIsRefused() throws IOException {
        write("a.txt", "text");

        assertCode(
                ErrorCode.TOKENIZER_MISMATCH,
                "257",
                () ->
                        preparation(new FileRoots(List.of(corpus)))
                                .prepare(
                                        new Request(
                                                "d", dataset(null, 1, 0), "tokenizer.json", 256),
                                        Progress.NONE));
    }

    @Test
    void filesOutsideTheRootsAreRefusedHoweverTheyAreNamed() throws IOException {
        Path secret = folder.resolve("secret.txt");
        Files.writeString(secret, "secret");
        Files.createSymbolicLink(corpus.resolve("link.txt"), secret);

        assertRefused(ErrorCode.SOURCE_UNREADABLE, "link.txt");
        FileRoots roots = new FileRoots(List.of(corpus));
        assertCode(
                ErrorCode.SOURCE_UNREADABLE,
                "..",
                () -> roots.resolve("file:" + corpus + "/../secret.txt"));
        assertCode(ErrorCode.SOURCE_UNREADABLE, "outside", () -> roots.resolve("file://" + secret));
        assertCode(
                ErrorCode.SOURCE_UNREADABLE,
                FileRoots.VARIABLE,
                () -> FileRoots.parse(null, null, null).resolve("file:" + corpus));
        assertCode(
                ErrorCode.SOURCE_MISSING,
                "nothing",
                () -> roots.resolve("file:" + corpus + "/nothing"));
        assertCode(ErrorCode.SOURCE_UNREADABLE, "s3:", () -> roots.resolve("hf://org/name"));
    }

    private void write(String name, String text) throws IOException {
        Path file = corpus.resolve(name);
        Files.createDirectories(file.resolveSibling("."));
        Files.writeString(file, text);
    }

    private static Dataset.Source source(String uri) {
        return new Dataset.Source(uri, null, "text", Dataset.Format.AUTO);
    }

    private Dataset dataset(@Nullable String include, int tiers, double holdout) {
        return dataset(include, tiers, holdout, Dataset.Format.AUTO);
    }

    private Dataset dataset(
            @Nullable String include, int tiers, double holdout, Dataset.Format format) {
        return new Dataset(
                List.of(new Dataset.Source("file:" + corpus, include, "text", format)),
                new Dataset.Quality(Dataset.Scorer.HEURISTIC, tiers),
                Dataset.Order.SHUFFLED,
                holdout);
    }

    private DatasetPreparation preparation(FileRoots roots) {
        return new DatasetPreparation(
                store,
                new Sources(roots, new SourceBuckets(List.of(), bucket -> store)),
                folder.resolve("scratch"),
                2);
    }

    private Prepared prepare(Dataset dataset) {
        return preparation(new FileRoots(List.of(corpus)))
                .prepare(new Request("d", dataset, "tokenizer.json", VOCABULARY), Progress.NONE);
    }

    private TokenDataset open(DatasetManifest manifest) {
        return TokenDataset.open(
                store,
                "datasets/" + manifest.contentHash() + "/manifest.json",
                folder.resolve("cache"));
    }

    private void assertRefused(ErrorCode code, String told) {
        assertCode(code, told, () -> prepare(dataset(null, 1, 0)));
    }

    private static void assertCode(ErrorCode code, String told, ThrowingCallable call) {
        assertThatThrownBy(call)
                .hasMessageContaining(told)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
