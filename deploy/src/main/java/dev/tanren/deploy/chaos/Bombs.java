package dev.tanren.deploy.chaos;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.units.ByteSize;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/// Datasets of some megabytes at most that unpack to one line of four gibibytes.
final class Bombs {

    private static final String BEGINNING = "{\"text\":\"";
    private static final long UNPACKED = 4L << 30;
    private static final int MEMBER = 64 << 20;
    private static final int BLOCK = 128 << 10;
    private static final int FRAME_MAGIC = 0xFD2FB528;

    /// Of a window of 128 KiB, the most that a block may have.
    private static final byte WINDOW = 7 << 3;

    private static final int REPEATED = 1 << 1;
    private static final int LAST = 1;

    /// A document has 256 MiB at most, see `docs/data.md`, and what was read of it is on disk.
    private static final ByteSize MOST_ON_DISK = new ByteSize(300L << 20);

    private static final String LIMIT = "256 MiB";
    private static final long POLL_MILLIS = 50;

    private final Laboratory laboratory;
    private final Findings findings;
    private volatile long peak;
    private volatile boolean over;

    Bombs(Laboratory laboratory, Findings findings) {
        this.laboratory = laboratory;
        this.findings = findings;
    }

    /// Passes when each fails its run by name, before it has taken more disk than a document may.
    void refused() throws InterruptedException {
        Path folder = laboratory.home().data();
        Path tokenizer = folder.resolve("tokenizer.json");
        Thread watch = Thread.ofVirtual().start(this::watch);
        try (InputStream own = Bombs.class.getResourceAsStream("/corpus/tokenizer.json")) {
            if (own == null) {
                throw new IllegalStateException("the build left out the tokenizer");
            }
            Files.write(tokenizer, own.readAllBytes());
            refused(tokenizer, Files.write(folder.resolve("bomb.jsonl.gz"), gzip()));
            refused(tokenizer, Files.write(folder.resolve("bomb.jsonl.zst"), zstd()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            over = true;
            watch.join();
        }
        findings.check(
                "the worker's disk is bounded",
                peak < MOST_ON_DISK.bytes(),
                new ByteSize(peak) + " of scratch at most");
    }

    private void refused(Path tokenizer, Path bomb) throws IOException, InterruptedException {
        String name = bomb.getFileName().toString();
        new OnCall(laboratory, findings)
                .expectRefusedRun(
                        "%s of %s".formatted(name, new ByteSize(Files.size(bomb))),
                        laboratory
                                .planFrom("bomb", "file:" + bomb)
                                .replace("format: tokens-u16", "format: jsonl")
                                .replace("vocabSize: 320", "vocabSize: 4096")
                                .replace(
                                        "datasets:\n",
                                        "  tokenizer: \"file:%s\"\ndatasets:\n"
                                                .formatted(tokenizer)),
                        ErrorCode.SOURCE_UNREADABLE,
                        name,
                        LIMIT);
    }

    /// Members one after the other, which are one text.
    private static byte[] gzip() throws IOException {
        byte[] member = gzip("a".repeat(MEMBER));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(gzip(BEGINNING));
        for (long unpacked = 0; unpacked < UNPACKED; unpacked += MEMBER) {
            out.writeBytes(member);
        }
        return out.toByteArray();
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(text.getBytes(StandardCharsets.US_ASCII));
        }
        return packed.toByteArray();
    }

    /// One frame (RFC 8878): a block as it is, then blocks that are one byte again and again.
    private static byte[] zstd() {
        byte[] beginning = BEGINNING.getBytes(StandardCharsets.US_ASCII);
        int blocks = Math.toIntExact(UNPACKED / BLOCK);
        ByteBuffer frame =
                ByteBuffer.allocate(
                                2 * Integer.BYTES + beginning.length + blocks * Integer.BYTES + 1)
                        .order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(FRAME_MAGIC).put((byte) 0).put(WINDOW);
        header(frame, beginning.length << 3).put(beginning);
        for (int block = 1; block <= blocks; block++) {
            header(frame, BLOCK << 3 | REPEATED | (block == blocks ? LAST : 0)).put((byte) 'a');
        }
        return Arrays.copyOf(frame.array(), frame.position());
    }

    /// Of three bytes.
    private static ByteBuffer header(ByteBuffer frame, int bits) {
        return frame.putShort((short) bits).put((byte) (bits >> Short.SIZE));
    }

    private void watch() {
        try {
            while (!over) {
                peak = Math.max(peak, size(laboratory.home().scratch("worker")));
                Thread.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static long size(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.mapToLong(Bombs::sizeOf).sum();
        } catch (IOException | UncheckedIOException changing) {
            return 0;
        }
    }

    private static long sizeOf(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.size(file) : 0;
        } catch (IOException gone) {
            return 0;
        }
    }
}
