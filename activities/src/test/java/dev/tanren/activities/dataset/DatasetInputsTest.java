package dev.tanren.activities.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.tanren.activities.dataset.DatasetPreparation.Request;
import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.Dataset.Format;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files as people bring them: what is read, as what, and how the others are refused.
class DatasetInputsTest {

    private static final String LINES = "{\"text\":\"alpha\"}\n{\"text\":\"beta\"}\n";

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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c4.json.gz",
                "part.json",
                "part.json.zst",
                "part.ndjson",
                "data.jsonl.1",
                "data.jsonl.gz.2",
                "x.jsonl.zstd",
                "part-00000",
                "part-00000.gz",
                "DATA.JSONL.GZ"
            })
    void jsonLinesAreReadAsLinesWhateverTheirNameSaysOfThem(String name) throws IOException {
        write(name, packed(name, bytes(LINES)));

        assertPrepared(prepare(Format.AUTO), 2, 11);
    }

    /// Of a frame whose first block is longer than what is looked at, no byte can be told from
    /// that.
    @ParameterizedTest
    @ValueSource(strings = {"part.json.zst", "part.json.gz", "part"})
    void linesAreToldByTheContentHoweverLittleOfItTheFirstPackedBytesShow(String name)
            throws IOException {
        byte[] noise = new byte[150_000];
        new Random(1).nextBytes(noise);
        String line = "{\"text\":\"" + HexFormat.of().formatHex(noise) + "\"}\n";
        byte[] small = Zstd.compress(bytes(" \n"));
        byte[] large = packed(name.equals("part") ? "part.zst" : name, bytes(line));
        write(name, name.endsWith(".gz") ? large : concat(small, large));

        assertPrepared(prepare(Format.AUTO), 1, 300_001);
    }

    @Test
    void aFileThatBeginsWithBlanksIsToldByWhatFollows() throws IOException {
        write("part.json", bytes(" \n".repeat(50_000) + LINES));

        assertPrepared(prepare(Format.AUTO), 2, 11);
    }

    @Test
    void aBlankLineOfAnyLengthIsPassedOver() throws IOException {
        write("a.jsonl", bytes(" ".repeat((1 << 20) + 1) + "\n" + LINES));

        assertPrepared(prepare(Format.AUTO), 2, 11);
    }

    /// Of 64 KiB, whose last byte is each of the value's.
    @ParameterizedTest
    @ValueSource(strings = {"true", "null", "-12.5e3", "\"\\u00e9\"", "\"é\"", "[{}]"})
    void aLineIsJsonWhereverTheBytesThatAreLookedAtEnd(String value) throws IOException {
        for (int in = 0; in <= value.length() + 1; in++) {
            String pad = "x".repeat((1 << 16) - "{\"pad\":\"\",\"more\":".length() - in);
            String line = "{\"pad\":\"" + pad + "\",\"more\":" + value + ",\"text\":\"alpha\"}\n";
            write("part", bytes(line));
            assertPrepared(prepare(Format.AUTO), 1, 6);
        }
    }

    @Test
    void aTextThatSpeaksOfParquetIsNoParquet() throws IOException {
        write("a.txt", bytes("PAR1 is its magic number"));

        assertPrepared(prepare(Format.AUTO), 1, 25);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"%s\".5}", "\"%s\"e5}", "\"%s\\u\uff10\uff10\uff14\uff11\"}"})
    void aLongLineIsNoJsonWhereAShortOneIsNone(String rest) throws IOException {
        for (int length : List.of(1, (1 << 20) + 1)) {
            write("a.jsonl", bytes("{\"text\":" + rest.formatted("x".repeat(length)) + "\n"));
            assertRefused(Format.AUTO, "a.jsonl:1", "");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x.bin", "x.txt", "x.jsonl.zstd", "x.gz"})
    void packedLinesAreUnpackedByTheirBytesWhereThePlanSaysLines(String name) throws IOException {
        write(name, Zstd.compress(bytes(LINES)));

        assertPrepared(prepare(Format.JSONL), 2, 11);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.txt.gz", "plain.txt", "plain.md.zst"})
    void packedTextIsOneDocument(String name) throws IOException {
        write(name, packed(name, bytes("alpha\nbeta")));

        assertPrepared(prepare(Format.AUTO), 1, 11);
    }

    @Test
    void packedFilesUnderPlainNamesAreUnpacked() throws IOException {
        write("plain.txt", gzip(bytes("alpha\nbeta")));

        assertPrepared(prepare(Format.AUTO), 1, 11);
    }

    @Test
    void jsonThatIsNotLinesIsRefusedWithTheWordsThatDecide() throws IOException {
        for (String content :
                List.of(
                        "[{\"text\":\"alpha\"},{\"text\":\"beta\"}]",
                        "[\n  {\"text\": \"alpha\"}\n]",
                        "{\n  \"text\": \"alpha\"\n}")) {
            for (String name : List.of("part.json", "part.json.gz", "part", "notes.txt")) {
                write(name, packed(name, bytes(content)));
                assertRefused(Format.AUTO, name, "format: jsonl");
                Files.delete(corpus.resolve(name));
            }
        }
        write("notes.txt", bytes(LINES));
        assertRefused(Format.AUTO, "notes.txt", "format: jsonl");
        write("part.json", bytes("[{\"text\":\"alpha\"}]"));
        Files.delete(corpus.resolve("notes.txt"));
        assertRefused(Format.JSONL, "part.json:1", "JSON array");
    }

    @Test
    void textThatOnlyLooksALittleLikeJsonIsText() throws IOException {
        write("a.md", bytes("[link](to) a {thing}"));
        write("b.js", bytes("{ block(); }"));
        write("c", bytes("{\"not closed"));
        write("d.tex", bytes("{\\em x}"));

        assertThat(prepare(Format.AUTO).statistics().documents()).isEqualTo(4);
    }

    @Test
    void jsonIsTrainedOnAsItIsWrittenWhereThePlanSaysText() throws IOException {
        write("part.json", bytes(LINES));

        assertPrepared(prepare(Format.TEXT), 1, LINES.length() + 1);
    }

    @Test
    void otherPackersAreNamed() throws IOException {
        write("x.jsonl.bz2", HexFormat.of().parseHex("425a683931415926535900"));

        assertRefused(Format.AUTO, "x.jsonl.bz2", "packed as bzip2");
        assertRefused(Format.JSONL, "x.jsonl.bz2", "packed as bzip2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1f8b0800000000000203ab562a49ad2851b252ca35d44d54aae5aa46e2270"
                        + "1f900aef2bb39200000001f8b08000000",
                "1f8b0800000000000203ab562a49ad2851b252ca35d44d54aae5aa46e2270"
                        + "1f900aef2bb39200000001f8c0800000000000203ab562a49ad2851b252ca35d24d54aae5"
                        + "aa46e22701f900402d578620000000",
                "1f8b0800000000000203ab562a49ad2851b252ca35d44d54aae5aa46e2270"
                        + "1f900aef2bb39200000001f8b0700000000000203ab562a49ad2851b252ca35d24d54aae5"
                        + "aa46e22701f900402d578620000000"
            })
    void aPartOfADamagedFileIsNeverTakenAsTheWhole(String hexadecimal) throws IOException {
        write("two.jsonl.gz", HexFormat.of().parseHex(hexadecimal));

        assertRefused(Format.AUTO, "two.jsonl.gz", "gzip member 2 is damaged");
        assertThat(store.list("datasets/")).isEmpty();
    }

    @Test
    void aByteOrderMarkIsFramingAtTheStartOfAFileAndContentInsideIt() throws IOException {
        for (String name : List.of("a.jsonl", "a.jsonl.gz", "a.json.zst")) {
            write(name, packed(name, bytes("\uFEFF" + LINES)));
            assertPrepared(prepare(Format.AUTO), 2, 11);
            Files.delete(corpus.resolve(name));
        }
        write("a.txt", bytes("\uFEFFab\uFEFF"));
        assertPrepared(prepare(Format.AUTO), 1, 2 + 3 + 1);
        Files.delete(corpus.resolve("a.txt"));
        write("a.jsonl", bytes("{\"text\":\"\\ufeffx\"}"));
        assertPrepared(prepare(Format.AUTO), 1, 5);
        write("a.jsonl", bytes("{\"text\":\"\uFEFFx\"}"));
        assertPrepared(prepare(Format.AUTO), 1, 5);
    }

    @Test
    void otherEncodingsAreNamedWithTheirMend() throws IOException {
        for (String encoding : List.of("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")) {
            for (String name : List.of("a.txt", "a.jsonl", "a.jsonl.gz")) {
                byte[] content = ("\uFEFF" + LINES).getBytes(Charset.forName(encoding));
                write(name, packed(name, content));
                assertRefused(Format.AUTO, name, "iconv -f " + encoding.substring(0, 6));
                Files.delete(corpus.resolve(name));
            }
        }
        write("a.txt", "fine\ncaf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        assertRefused(Format.AUTO, "a.txt:2", "0xE9");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"})
    void otherEncodingsWithoutAMarkAreNamedTooThoughTheyAreValidUtf8(String encoding)
            throws IOException {
        for (String name : List.of("a.txt", "a.json", "a", "a.jsonl", "a.txt.gz", "a.jsonl.zst")) {
            for (String content :
                    List.of(LINES, LINES.repeat(20_000), "caf\u00e9 \u0431\u0430 au lait")) {
                write(name, packed(name, content.getBytes(Charset.forName(encoding))));
                assertRefused(Format.AUTO, name, "full of NUL bytes");
                assertRefused(Format.TEXT, name, "iconv -f " + encoding + " -t UTF-8");
                assertRefused(Format.JSONL, name, "iconv -f " + encoding + " -t UTF-8");
            }
            Files.delete(corpus.resolve(name));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\0", "a\0", "alpha\0beta", "\0\0abcdefg"})
    void aTextWithANulOrFewIsReadAsItIs(String text) throws IOException {
        write("a.txt", bytes(text));

        assertPrepared(prepare(Format.AUTO), 1, text.length() + 1);
    }

    @Test
    void readyTokensThatArePackedAreRefusedWhateverTheirName() throws IOException {
        byte[] ids = new byte[4096];
        for (Format format : List.of(Format.TOKENS_U16, Format.TOKENS_U32)) {
            write("ids.bin", gzip(ids));
            assertRefused(format, "ids.bin", "begins as a gzip file does");
            write("ids.bin", Zstd.compress(ids));
            assertRefused(format, "ids.bin", "begins as a zstd file does");
        }
    }

    /// 35615 is gzip's magic number; no gzip file goes on with the id 7, nor with a flag that does
    /// not exist.
    @ParameterizedTest
    @ValueSource(strings = {"1f8b0700", "1f8b0820", "28b52ffe"})
    void readyTokensThatBeginLikeAPackedFileByChanceAreRead(String first) throws IOException {
        write("ids.bin", concat(HexFormat.of().parseHex(first), new byte[4092]));

        assertThat(prepare(Format.TOKENS_U16, 65_536).statistics().tokens()).isEqualTo(2048);
    }

    @Test
    void aLongJsonStringIsReadBeyondTheLibrarysOwnLimit() throws IOException {
        write("a.jsonl", bytes("{\"text\":\"" + "a".repeat(20_000_001) + "\"}\n{\"text\":\"b\"}"));

        assertPrepared(prepare(Format.AUTO), 2, 20_000_002 + 2);
    }

    @Test
    void aLongTextEqualsTheSameTextInALineAndIsADuplicateOfIt() throws IOException {
        String text = "many words \"quoted\" \uD83D\uDE00 and \\ more\n".repeat(60_000);
        write("a.txt", bytes(text));
        DatasetManifest alone = prepare(Format.AUTO);
        String json = text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
        write(
                "b.jsonl",
                bytes(
                        "{\"n\":[1,{\"x\":null}],\"text\":\"old\",\"text\":\""
                                + json.replace("\uD83D\uDE00", "\\ud83d\\uDE00")
                                + "\",\"z\":{\"text\":\"other\"}}\n"));

        DatasetManifest both = prepare(Format.AUTO);

        assertThat(both.statistics().documents()).isEqualTo(1);
        assertThat(both.statistics().duplicates()).isEqualTo(1);
        assertThat(both.statistics().tokens()).isEqualTo(bytes(text).length + 1);
        assertThat(both.training().getFirst().sha256())
                .isEqualTo(alone.training().getFirst().sha256());
    }

    @Test
    void aLongLineThatIsNoJsonIsNamed() throws IOException {
        String longText = "a".repeat(2 << 20);
        for (String end : List.of("", "\"", "\"} x", "\\q\"}", "\u0001\"}", "\",}")) {
            write("a.jsonl", bytes(LINES + "{\"text\":\"" + longText + end));
            assertRefused(Format.AUTO, "a.jsonl:3", "JSON");
        }
        write("a.jsonl", bytes(LINES + "{\"txt\":\"" + longText + "\"}"));
        assertRefused(Format.AUTO, "a.jsonl:3", "no field 'text'");
    }

    @Test
    void theLibrarysAdviceOnItsOwnSettingsIsNotShown() throws IOException {
        for (String line : List.of("{\"text\":NaN}", "{\"n\":+1}", "{'text':1}", "/*x*/{}")) {
            write("a.jsonl", bytes(line));
            assertThatThrownBy(() -> prepare(Format.AUTO))
                    .hasMessageContaining("a.jsonl:1")
                    .message()
                    .doesNotContain("Feature")
                    .doesNotContain("enable");
        }
        write("a.jsonl", bytes("{\"a\":" + "[".repeat(2000) + "]".repeat(2000) + "}"));
        assertRefused(Format.AUTO, "a.jsonl:1", "nests deeper than 1000");
    }

    @Test
    void aNameThatWouldMoveATerminalIsShownEscaped() throws IOException {
        Path file = corpus.resolve("a\n\u001b[2J.jsonl");
        Files.write(file, bytes("no JSON"));

        assertThatThrownBy(() -> prepare(Format.AUTO))
                .hasMessageContaining("a\\n\\u001b[2J.jsonl:1")
                .message()
                .doesNotContain("\n")
                .doesNotContain("\u001b");
    }

    private static void assertPrepared(DatasetManifest manifest, int documents, long tokens) {
        assertThat(manifest.statistics().documents()).isEqualTo(documents);
        assertThat(manifest.statistics().tokens()).isEqualTo(tokens);
    }

    private void assertRefused(Format format, String where, String told) {
        assertThatThrownBy(() -> prepare(format))
                .hasMessageContaining(told)
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE);
                            assertThat(e.where()).contains("/" + where);
                        });
    }

    private void write(String name, byte[] content) throws IOException {
        Files.write(corpus.resolve(name), content);
    }

    private DatasetManifest prepare(Format format) {
        return prepare(format, 257);
    }

    private DatasetManifest prepare(Format format, int vocabulary) {
        Dataset dataset =
                new Dataset(
                        List.of(new Dataset.Source("file:" + corpus, null, "text", format)),
                        new Dataset.Quality(Dataset.Scorer.NONE, 1),
                        Dataset.Order.SHUFFLED,
                        0);
        FileRoots roots = new FileRoots(List.of(corpus));
        return new DatasetPreparation(
                        store,
                        new Sources(roots, new SourceBuckets(List.of(), bucket -> store)),
                        folder.resolve("scratch"),
                        2)
                .prepare(new Request("d", dataset, "tokenizer.json", vocabulary), Progress.NONE)
                .manifest();
    }

    private static byte[] packed(String name, byte[] content) throws IOException {
        String lower = name.toLowerCase(java.util.Locale.ROOT);
        if (lower.contains(".gz")) {
            return gzip(content);
        }
        return lower.contains(".zst") ? Zstd.compress(content) : content;
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(content);
        }
        return packed.toByteArray();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
