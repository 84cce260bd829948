package dev.tanren.activities.dataset.internal.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackedFilesTest {

    private static final byte[] FIRST = gzip("{\"text\":\"m1-a\"}\n{\"text\":\"m1-b\"}\n");
    private static final byte[] SECOND = gzip("{\"text\":\"m2-a\"}\n{\"text\":\"m2-b\"}\n");

    @Test
    void membersAndFramesFollowEachOther() throws IOException {
        assertThat(unpacked(join(FIRST, SECOND))).hasSize(64).endsWith("m2-b\"}\n");
        assertThat(unpacked(join(zstd("one "), zstd("two"), zstd("")))).isEqualTo("one two");
    }

    @Test
    void zeroBytesBehindTheLastMemberArePaddingAsInPython() throws IOException {
        assertThat(unpacked(join(FIRST, new byte[1000]))).hasSize(32);
        assertThat(unpacked(join(FIRST, new byte[3], SECOND))).hasSize(64);
    }

    @Test
    void everyOptionOfAGzipHeaderIsRead() throws IOException {
        byte[] bare = gzip("content");
        byte[] data = Arrays.copyOfRange(bare, 10, bare.length);
        byte[] header = HexFormat.of().parseHex("1f8b081c00000000000303000102036e00630000");
        // The name is `n`, the comment `c`; the last zero ends no field and begins the data.
        byte[] options = Arrays.copyOf(header, header.length - 1);
        assertThat(unpacked(join(options, data))).isEqualTo("content");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1f8b08000000", // a header that is cut
                "1f", // one lone byte
                "1f8c080000000000000203ab562a4901000000", // another magic number
                "1f8b070000000000000203ab562a4901000000", // another method
                "1f8b08e00000000000000203ab562a49010000", // flags that do not exist
                "72756262697368", // rubbish
                "0000001f", // rubbish behind padding
            })
    void whatStandsBehindAMemberAndIsNoneIsDamage(String hexadecimal) {
        byte[] behind = HexFormat.of().parseHex(hexadecimal);

        assertDamaged(join(FIRST, behind), "gzip member 2");
        assertDamaged(join(FIRST, behind, SECOND), "gzip member 2");
    }

    @Test
    void noByteOfAGzipFileCanBeChangedOrCutUnnoticed() throws IOException {
        byte[] file = join(FIRST, SECOND);
        String whole = unpacked(file);
        for (int length = 1; length < file.length; length++) {
            if (length != FIRST.length) {
                assertDamaged(Arrays.copyOf(file, length), length < 2 ? "gzip" : "gzip member");
            }
        }
        for (int at = 0; at < file.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] changed = file.clone();
                changed[at] ^= (byte) (1 << bit);
                assertThat(contentOrDamage(changed))
                        .as("bit %d of byte %d", bit, at)
                        .isIn(whole, "damaged");
            }
        }
    }

    @Test
    void noByteOfAZstdFileCanBeCutAndDamageIsTold() throws IOException {
        byte[] file = join(zstd("the first frame"), zstd("the second frame"));
        int first = zstd("the first frame").length;
        for (int length = 4; length < file.length; length++) {
            if (length != first) {
                assertDamaged(
                        Arrays.copyOf(file, length), "zstd frame " + (length < first ? 1 : 2));
            }
        }
        String whole = unpacked(file);
        for (int at = 0; at < file.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] changed = file.clone();
                changed[at] ^= (byte) (1 << bit);
                // A bit that no reader looks at may be either.
                assertThat(contentOrDamage(changed))
                        .as("bit %d of byte %d", bit, at)
                        .isIn(whole, "damaged");
            }
        }
        assertDamaged(join(file, new byte[] {7}), "zstd frame 3");
        assertDamaged(join(file, "rubbish".getBytes(StandardCharsets.UTF_8)), "zstd frame 3");
    }

    @Test
    void skippableFramesArePassedOver() throws IOException {
        byte[] skippable = HexFormat.of().parseHex("502a4d1803000000616263");

        assertThat(unpacked(join(skippable, zstd("text"), skippable))).isEqualTo("text");
        assertDamaged(join(zstd("text"), Arrays.copyOf(skippable, 9)), "zstd frame 2");
    }

    @Test
    void aLargeFileComesOutAsItWentIn() throws IOException {
        byte[] content = new byte[5 << 20];
        new Random(7).nextBytes(content);
        Arrays.fill(content, 1 << 20, 4 << 20, (byte) 'a');
        try (InputStream in = open(join(gzip(content), gzip(content)))) {
            assertThat(in.readAllBytes()).isEqualTo(join(content, content));
        }
        try (InputStream in = open(join(zstd(content), zstd(content)))) {
            assertThat(in.readAllBytes()).isEqualTo(join(content, content));
        }
    }

    @Test
    void aWindowAboveTheLimitIsNamedWithItsMend() {
        byte[] frame = HexFormat.of().parseHex("28b52ffd0090" + "010200" + "7b2274657874223a");

        assertThatThrownBy(() -> unpacked(frame))
                .isInstanceOfSatisfying(
                        PackedException.class,
                        e -> assertThat(e.mend()).contains("zstd -d --long=28"))
                .hasMessageContaining("zstd frame 1")
                .hasMessageContaining("256 MiB")
                .hasMessageContaining("at most 128 MiB");
    }

    @Test
    void aWindowOfTheLimitIsUnpacked() throws IOException {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            context.setLong(27).setContentSize(false);
            byte[] packed = context.compress("far".getBytes(StandardCharsets.UTF_8));

            assertThat(unpacked(packed)).isEqualTo("far");
        }
    }

    @Test
    void aDictionaryIsNamed() {
        byte[] frame = HexFormat.of().parseHex("28b52ffd" + "2107" + "0301000061");

        assertThatThrownBy(() -> unpacked(frame)).hasMessageContaining("dictionary");
    }

    @Test
    void otherPackersAndWhatIsPackedTwiceAreNamed() {
        assertThatThrownBy(() -> unpacked(HexFormat.of().parseHex("fd377a585a000004")))
                .hasMessageContaining("packed as xz");
        assertThatThrownBy(() -> unpacked(gzip("PAR1\u0015...")))
                .hasMessageContaining("packed as parquet");
        assertThatThrownBy(() -> unpacked(gzip(FIRST))).hasMessageContaining("packed twice");
        assertThatThrownBy(
                        () -> Packing.unpacked(in("text".getBytes(StandardCharsets.UTF_8)), "a.gz"))
                .hasMessageContaining("its name says that it is packed")
                .hasMessageContaining("74 65 78 74");
    }

    private static String contentOrDamage(byte[] file) throws IOException {
        try {
            return unpacked(file);
        } catch (PackedException e) {
            return "damaged";
        }
    }

    private static void assertDamaged(byte[] file, String what) {
        assertThatThrownBy(() -> unpacked(file))
                .as(HexFormat.of().formatHex(file))
                .isInstanceOf(PackedException.class)
                .hasMessageContaining(what);
    }

    private static String unpacked(byte[] file) throws IOException {
        try (InputStream in = open(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static InputStream open(byte[] file) throws IOException {
        boolean gzip = file[0] == 0x1f;
        return Packing.unpacked(in(file), gzip ? "a.jsonl.gz" : "a.jsonl.zst");
    }

    private static InputStream in(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }

    private static byte[] gzip(String text) {
        return gzip(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] gzip(byte[] content) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(content);
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return packed.toByteArray();
    }

    private static byte[] zstd(String text) {
        return zstd(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] zstd(byte[] content) {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            return context.setChecksum(true)
                    .setLevel(Zstd.defaultCompressionLevel())
                    .compress(content);
        }
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
