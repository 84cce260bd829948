package dev.tanren.activities.dataset.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.dataset.internal.text.DocumentLimits;
import dev.tanren.activities.dataset.internal.text.LongText;
import dev.tanren.activities.source.PermittedPath;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The limit of a document at its very edge, on a small scale.
class DocumentLimitsTest {

    private static final DocumentLimits LIMITS = new DocumentLimits(1000, 100);

    @TempDir private Path folder;
    private final List<String> taken = new ArrayList<>();

    @Test
    void theLimitIsTheOneThatTheDocumentsName() throws IOException {
        assertThat(DocumentLimits.STANDARD.mostBytes()).isEqualTo(256 << 20);
        assertThat(DocumentLimits.STANDARD.shown()).isEqualTo("256 MiB");
        assertThat(Files.readString(Path.of("..", "docs", "data.md")))
                .contains("at most 256 MiB of UTF-8");
    }

    @Test
    void aTextOfTheLimitIsReadAndAByteMoreIsNot() throws IOException {
        for (int length : List.of(99, 100, 101, 999, 1000)) {
            taken.clear();
            read("a".repeat(length), Dataset.Format.TEXT);
            assertThat(taken).containsExactly("a".repeat(length));
        }
        taken.clear();
        read("\uFEFF" + "é".repeat(500), Dataset.Format.TEXT);
        assertThat(taken).containsExactly("é".repeat(500));
        assertRefused("a".repeat(1001), Dataset.Format.TEXT, "file");
    }

    @Test
    void aLineOfTheLimitIsReadAndAByteMoreIsNotNamingTheLine() throws IOException {
        for (int length : List.of(60, 87, 88, 89, 90, 988)) {
            taken.clear();
            read(line("a".repeat(length)) + "\n\n" + line("b"), Dataset.Format.JSONL);
            assertThat(taken).containsExactly("a".repeat(length), "b");
        }
        assertThat(line("a".repeat(988))).hasSize(1000 - 1);
        taken.clear();
        read("\uFEFF" + line("a".repeat(989)), Dataset.Format.JSONL);
        assertThat(taken).containsExactly("a".repeat(989));
        assertRefused(line("b") + "\n" + line("a".repeat(990)), Dataset.Format.JSONL, "file:2");
        assertRefused(
                line("b") + "\n" + line("a".repeat(990)) + "\n", Dataset.Format.JSONL, "file:2");
    }

    @Test
    void theTextOfALongLineIsTheOneThatAShortLineWouldHave() throws IOException {
        List<String> values =
                List.of(
                        "plain",
                        "\\\"\\\\\\/\\b\\f\\n\\r\\t",
                        "\\u00e9\\uD83D\\uDE00 \\ud83d and \\uDE00",
                        "é😀",
                        "");
        for (String value : values) {
            for (String field : List.of("\"x\":[{\"text\":1}],", "")) {
                taken.clear();
                read("{" + field + "\"text\":\"" + value + "\"}", Dataset.Format.JSONL);
                String pad = "\"pad\":\"" + "p".repeat(200) + "\"";
                read(
                        "{\"text\":\"old\","
                                + pad
                                + ","
                                + field
                                + "\"text\":\""
                                + value
                                + "\",\"z\":null}",
                        Dataset.Format.JSONL);
                if (!value.isEmpty()) {
                    assertThat(taken).hasSize(2);
                    assertThat(taken.getLast()).isEqualTo(taken.getFirst());
                }
            }
        }
    }

    private static String line(String text) {
        return "{\"text\":\"" + text + "\"}";
    }

    private void assertRefused(String content, Dataset.Format format, String where) {
        assertThatThrownBy(() -> read(content, format))
                .hasMessageContaining("more than 1000 bytes")
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE);
                            assertThat(e.where()).endsWith("/" + where);
                        });
    }

    private void read(String content, Dataset.Format format) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        Path path = Files.write(folder.resolve("file"), bytes);
        SourceFile file =
                new SourceFile(
                        0,
                        new SourceContent.LocalFile(
                                new PermittedPath(path.resolveSibling(""), path), bytes.length),
                        format,
                        "text",
                        Sha256.of(bytes));
        new DocumentReader(LIMITS, folder).read(file, new Taken());
    }

    private final class Taken implements DocumentReader.Sink {
        @Override
        public void begin(SourceFile file) {}

        @Override
        public void blank() {}

        @Override
        public void take(String text) {
            taken.add(text);
        }

        @Override
        public void take(LongText text, String where) {
            String whole = text.beginning(10_000);
            assertThat(Sha256.of(whole)).isEqualTo(text.sha256());
            taken.add(whole);
        }
    }
}
