package dev.tanren.storage.tokens.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.Documents;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.storage.tokens.TokenDataset;
import dev.tanren.storage.tokens.TokenShard;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockPlansTest {

    private static final String MANIFEST = "datasets/abc/manifest.json";

    @TempDir Path folder;

    @Property
    void everyPlanIsThatOfTheRule(
            @ForAll @Size(max = 80) List<@IntRange(min = 0, max = 40) Integer> lengths,
            @ForAll @IntRange(min = 2, max = 17) int sequenceLength) {
        Documents documents = new Lengths(lengths);
        BlockPlan plan =
                BestFitPacking.pack(
                        documents, sequenceLength, Memory.OF_PROCESS, Memory.OF_PROCESS);
        assertThat(pieces(plan)).isEqualTo(ReferencePacking.pack(documents, sequenceLength));
    }

    @Test
    void aPlanIsMadeOnceAndFetchedByOtherNodes() throws Exception {
        MemoryObjectStore store = dataset(2000);
        List<int[]> first = blocks(store, "one");
        int writes = store.writes();
        assertThat(store.list("datasets/abc/blocks/")).hasSize(1);

        assertThat(blocks(store, "one")).usingRecursiveComparison().isEqualTo(first);
        assertThat(blocks(store, "other")).usingRecursiveComparison().isEqualTo(first);
        assertThat(store.writes()).isEqualTo(writes);
        assertThat(names("other")).hasSize(2).contains("lock").noneMatch(n -> n.contains("part"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 40, 70, 1000, -1})
    void aDamagedPlanIsMadeAgainWhereverItIs(int at) throws Exception {
        MemoryObjectStore store = dataset(2000);
        List<int[]> first = blocks(store, "one");
        Path file = plan("one");
        byte[] bytes = Files.readAllBytes(file);
        bytes[at < 0 ? bytes.length - 1 : at] ^= 1;

        Files.write(file, bytes);
        assertThat(blocks(store, "one")).usingRecursiveComparison().isEqualTo(first);
        store.put("datasets/abc/blocks/" + file.getFileName(), bytes);
        assertThat(blocks(store, "other")).usingRecursiveComparison().isEqualTo(first);
        assertThat(blocks(store, "third")).usingRecursiveComparison().isEqualTo(first);
    }

    @Test
    void aNodeWhoseKeysOnlyReadTheDatasetKeepsThePlanToItself() throws Exception {
        List<int[]> expected = blocks(dataset(2000), "one");
        MemoryObjectStore store = dataset(2000);
        store.refuseWrites();

        assertThat(blocks(store, "other")).usingRecursiveComparison().isEqualTo(expected);
        assertThat(store.list("datasets/abc/blocks/")).isEmpty();
        assertThat(names("other")).hasSize(2).contains("lock");
    }

    @Test
    void aPlanThatIsCutShortIsMadeAgain() throws Exception {
        MemoryObjectStore store = dataset(2000);
        List<int[]> first = blocks(store, "one");
        Path file = plan("one");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, 30));

        assertThat(blocks(store, "one")).usingRecursiveComparison().isEqualTo(first);
    }

    @Test
    void lengthsModesAndDocumentsHavePlansOfTheirOwn() throws Exception {
        MemoryObjectStore store = dataset(2000);
        TokenDataset dataset = TokenDataset.open(store, MANIFEST, folder.resolve("one"));
        dataset.trainingBlocks(null, 16);
        dataset.trainingBlocks(null, 32);
        dataset.heldOutBlocks(32);
        assertThat(store.list("datasets/abc/blocks/")).hasSize(3);
    }

    @Test
    void theNumberOfBlocksIsToldWithoutTheShards() throws Exception {
        MemoryObjectStore store = dataset(2000);
        TokenDataset dataset = TokenDataset.open(store, MANIFEST, folder.resolve("one"));
        int counted = dataset.trainingBlockCount(null, 16);
        assertThat(counted).isEqualTo(blocks(store, "one").size());
        store.delete("datasets/abc/training.tokens");
        assertThat(
                        TokenDataset.open(store, MANIFEST, folder.resolve("other"))
                                .trainingBlockCount(null, 16))
                .isEqualTo(counted);
    }

    /// The old way took about 60 bytes of heap a document.
    @Test
    void aMillionDocumentsArePackedInAHeapOf32Mebibytes() throws Exception {
        Random random = new Random(7);
        Path shard = folder.resolve("store/datasets/abc/training.tokens");
        Files.createDirectories(shard.getParent());
        TokenShardWriter writer = new TokenShardWriter(2);
        int[] ids = random.ints(32, 0, 1 << 15).toArray();
        for (int document = 0; document < 1_000_000; document++) {
            writer.add(ids, 0, 2 + random.nextInt(30));
        }
        TokenShardWriter.Written written = writer.write(shard);
        Path store = folder.resolve("store");
        Files.writeString(store.resolve(MANIFEST), manifest(written, written));

        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-Xmx32m",
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                PackInAProcess.class.getName(),
                                store.toString(),
                                MANIFEST,
                                folder.resolve("cache").toString(),
                                "128")
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();

        Documents documents = TokenShard.open(shard);
        List<List<ReferencePacking.Piece>> blocks = ReferencePacking.pack(documents, 128);
        Sha256 hash = new Sha256();
        for (List<ReferencePacking.Piece> block : blocks) {
            hash.update(PackInAProcess.bytes(tokens(documents, block, 128)));
        }
        assertThat(output.strip()).isEqualTo(blocks.size() + " " + hash.hex());
    }

    private static int[] tokens(
            Documents documents, List<ReferencePacking.Piece> block, int length) {
        int[] tokens = new int[length];
        int at = 0;
        for (ReferencePacking.Piece piece : block) {
            documents.copy(piece.document(), piece.from(), piece.length(), tokens, at);
            at += piece.length();
        }
        return tokens;
    }

    private static List<List<ReferencePacking.Piece>> pieces(BlockPlan plan) {
        List<List<ReferencePacking.Piece>> blocks = new ArrayList<>();
        for (int block = 0; block < plan.blocks(); block++) {
            List<ReferencePacking.Piece> pieces = new ArrayList<>();
            for (int piece = plan.first(block); piece < plan.first(block + 1); piece++) {
                pieces.add(
                        new ReferencePacking.Piece(
                                plan.document(piece), plan.from(piece), plan.length(piece)));
            }
            blocks.add(pieces);
        }
        return blocks;
    }

    private List<int[]> blocks(MemoryObjectStore store, String node) {
        PackedBlocks blocks =
                TokenDataset.open(store, MANIFEST, folder.resolve(node)).trainingBlocks(null, 16);
        List<int[]> tokens = new ArrayList<>();
        for (int block = 0; block < blocks.count(); block++) {
            tokens.add(blocks.block(block).tokens());
        }
        return tokens;
    }

    private Path plan(String node) throws IOException {
        return folder.resolve(node)
                .resolve("blocks")
                .resolve(
                        names(node).stream()
                                .filter(name -> !name.equals("lock"))
                                .findFirst()
                                .orElseThrow());
    }

    private List<String> names(String node) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(node).resolve("blocks"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private MemoryObjectStore dataset(int documents) throws IOException {
        MemoryObjectStore store = new MemoryObjectStore();
        String json =
                manifest(
                        shard(store, "training", documents, 1),
                        shard(store, "held-out", documents / 10, 2));
        store.put(MANIFEST, json.getBytes(UTF_8));
        return store;
    }

    private TokenShardWriter.Written shard(
            MemoryObjectStore store, String name, int documents, long seed) throws IOException {
        Random random = new Random(seed);
        TokenShardWriter writer = new TokenShardWriter(2);
        for (int document = 0; document < documents; document++) {
            int[] ids = random.ints(random.nextInt(40), 0, 1000).toArray();
            writer.add(ids, 0, ids.length);
        }
        Path file = folder.resolve(name);
        TokenShardWriter.Written written = writer.write(file);
        store.put("datasets/abc/" + name + ".tokens", Files.readAllBytes(file));
        return written;
    }

    private static String manifest(
            TokenShardWriter.Written training, TokenShardWriter.Written heldOut) {
        return Json.write(
                new DatasetManifest(
                        DatasetManifest.VERSION,
                        "code",
                        "abc",
                        1 << 15,
                        true,
                        List.of(shard("training", training)),
                        List.of(shard("held-out", heldOut)),
                        DatasetManifest.Statistics.of(0, 0)));
    }

    private static DatasetManifest.Shard shard(String name, TokenShardWriter.Written written) {
        return new DatasetManifest.Shard(
                "datasets/abc/" + name + ".tokens",
                "gold",
                written.documents(),
                written.tokens(),
                written.bytes(),
                written.sha256());
    }

    private record Lengths(List<Integer> lengths) implements Documents {

        @Override
        public int count() {
            return lengths.size();
        }

        @Override
        public int length(int document) {
            return lengths.get(document);
        }

        @Override
        public void copy(int document, int from, int length, int[] target, int offset) {
            throw new UnsupportedOperationException();
        }
    }
}
