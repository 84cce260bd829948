package dev.tanren.storage.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenShardTest {

    @Property(tries = 100)
    void whatIsWrittenIsRead(@ForAll("documents") List<int[]> documents, @ForAll boolean wide)
            throws IOException {
        Path file = Files.createTempFile("shard", ".tokens");
        try {
            TokenShardWriter writer = new TokenShardWriter(wide ? 4 : 2);
            for (int[] document : documents) {
                writer.add(document, 0, document.length);
            }
            TokenShardWriter.Written written = writer.write(file);

            TokenShard shard = TokenShard.open(file);
            assertThat(written.bytes()).isEqualTo(Files.size(file));
            assertThat(shard.count()).isEqualTo(documents.size()).isEqualTo(written.documents());
            assertThat(shard.tokens()).isEqualTo(written.tokens());
            for (int index = 0; index < documents.size(); index++) {
                int[] read = new int[shard.length(index)];
                shard.copy(index, 0, read.length, read, 0);
                assertThat(read).isEqualTo(documents.get(index));
            }
        } finally {
            Files.delete(file);
        }
    }

    @Provide
    Arbitrary<List<int[]>> documents() {
        return Arbitraries.integers()
                .between(0, 65_535)
                .array(int[].class)
                .ofMaxSize(20)
                .list()
                .ofMaxSize(12);
    }

    @Test
    void theLayoutIsTheDocumentedOne(@TempDir Path folder) throws IOException {
        TokenShardWriter writer = new TokenShardWriter(2);
        writer.add(new int[] {9, 258, 65_535, 9}, 1, 2);
        writer.add(new int[] {7}, 0, 1);
        writer.write(folder.resolve("shard"));

        assertThat(Files.readAllBytes(folder.resolve("shard")))
                .containsExactly(
                        2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 255, 255, 7, 0);
    }

    @Test
    void partsAreCopiedAndWhatLiesOutsideIsRefused() {
        TokenShard shard = TokenShard.of(shardBytes(), "test");
        int[] target = new int[4];

        shard.copy(0, 1, 2, target, 1);

        assertThat(target).containsExactly(0, 11, 12, 0);
        assertThatThrownBy(() -> shard.copy(0, 2, 2, target, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> shard.copy(0, 0, 3, target, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aDamagedShardIsRefusedWhateverTheDamage() {
        byte[] good = shardBytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);

        assertCorrupt(new byte[3]);
        assertCorrupt(Arrays.copyOf(good, good.length - 1));
        assertCorrupt(Arrays.copyOf(good, good.length + 1));
        assertCorrupt(changed(good, 0, 100));
        assertCorrupt(changed(good, 3, 255));
        assertCorrupt(changed(good, 4, 3));
        assertCorrupt(changed(good, 8, 4));
        assertCorrupt(changed(good, 11, 255));
    }

    @Test
    void anIdThatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new TokenShardWriter(2).add(new int[] {65_536}, 0, 1))
                .hasMessageContaining("65536");
        assertThatThrownBy(() -> new TokenShardWriter(4).add(new int[] {-1}, 0, 1))
                .hasMessageContaining("-1");
    }

    private static MemorySegment shardBytes() {
        byte[] bytes = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 10, 0, 11, 0, 12, 0};
        return MemorySegment.ofArray(bytes);
    }

    private static byte[] changed(byte[] bytes, int at, int value) {
        byte[] copy = bytes.clone();
        copy[at] = (byte) value;
        return copy;
    }

    private static void assertCorrupt(byte[] bytes) {
        assertThatThrownBy(() -> TokenShard.of(MemorySegment.ofArray(bytes), "test"))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.TOKEN_SHARD_CORRUPT));
    }
}
