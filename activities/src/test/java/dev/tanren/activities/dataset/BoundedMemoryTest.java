package dev.tanren.activities.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Documents as large as the heap of the process that prepares them, which is four times what the
/// limit of 256 MiB asks of a worker of 1 GiB.
class BoundedMemoryTest {

    private static final int DOCUMENT_BYTES = 48 << 20;
    private static final String HEAP = "-Xmx48m";

    @TempDir private Path folder;

    @Test
    void aTextAsLargeAsTheHeapIsPrepared() throws Exception {
        fill("text.txt", "", "");

        assertThat(prepare()).contains("documents 1 tokens " + (DOCUMENT_BYTES + 1));
    }

    @Test
    void aJsonLineAsLargeAsTheHeapIsPrepared() throws Exception {
        fill("lines.jsonl", "{\"text\":\"b\"}\n{\"n\": 1, \"text\":\"", "\", \"z\": []}\n");

        assertThat(prepare()).contains("documents 2 tokens " + (DOCUMENT_BYTES + 1 + 2));
    }

    private void fill(String name, String before, String after) throws IOException {
        byte[] block = "a".repeat(1 << 16).getBytes(StandardCharsets.UTF_8);
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        try (OutputStream out =
                new BufferedOutputStream(Files.newOutputStream(corpus.resolve(name)))) {
            out.write(before.getBytes(StandardCharsets.UTF_8));
            for (int written = 0; written < DOCUMENT_BYTES; written += block.length) {
                out.write(block);
            }
            out.write(after.getBytes(StandardCharsets.UTF_8));
        }
    }

    private String prepare() throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                List.of(
                                        ProcessHandle.current().info().command().orElseThrow(),
                                        HEAP,
                                        "--enable-native-access=ALL-UNNAMED",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        PrepareMain.class.getName(),
                                        folder.toString()))
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
