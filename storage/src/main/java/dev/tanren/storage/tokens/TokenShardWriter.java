package dev.tanren.storage.tokens;

import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;

/// Collects documents of one token shard in memory and writes them as one file.
///
/// Not safe for use by more than one thread.
public final class TokenShardWriter {

    /// How large a shard gets, in bytes, unless a single document is larger.
    public static final int MAXIMUM_BYTES = 64 << 20;

    /// Tokens that are held at once of a document that is read a stretch at a time.
    private static final int STRETCH = 1 << 20;

    private final int bytesPerToken;
    private int[] lengths = new int[64];
    private int documents;
    private byte[] tokens = new byte[1 << 16];
    private int tokenBytes;

    /// @param bytesPerToken 2 where every id is below 65,536, else 4
    public TokenShardWriter(int bytesPerToken) {
        if (bytesPerToken != 2 && bytesPerToken != 4) {
            throw new IllegalArgumentException("2 or 4 bytes per token, not " + bytesPerToken);
        }
        this.bytesPerToken = bytesPerToken;
    }

    /// Bytes per token that hold every id of a vocabulary.
    public static int bytesPerToken(int vocabSize) {
        return vocabSize <= 1 << 16 ? 2 : 4;
    }

    public int documents() {
        return documents;
    }

    public long tokens() {
        return tokenBytes / bytesPerToken;
    }

    /// Whether a document of so many tokens still fits; an empty shard takes any.
    public boolean takes(int length) {
        long bytes = TokenShard.HEADER_BYTES + 4L * (documents + 1) + tokenBytes;
        return documents == 0 || bytes + (long) length * bytesPerToken <= MAXIMUM_BYTES;
    }

    /// Whether a document of so many tokens is small enough to be collected at all.
    public boolean takesAtOnce(int length) {
        return (long) length * bytesPerToken <= MAXIMUM_BYTES;
    }

    /// The tokens of a document, a stretch at a time.
    @FunctionalInterface
    public interface Tokens {
        int[] read(int from, int length);
    }

    /// Appends a document.
    ///
    /// @throws IllegalArgumentException where an id is negative or does not fit
    public void add(int[] ids, int from, int length) {
        Objects.checkFromIndexSize(from, length, ids.length);
        begin(length);
        append(ids, from, length);
    }

    /// Appends a document that is read a stretch at a time.
    ///
    /// @throws IllegalArgumentException where an id is negative or does not fit
    public void add(int length, Tokens ids) {
        begin(length);
        for (int from = 0; from < length; from += STRETCH) {
            int count = Math.min(STRETCH, length - from);
            append(ids.read(from, count), 0, count);
        }
    }

    private void begin(int length) {
        if (documents == lengths.length) {
            lengths = Arrays.copyOf(lengths, documents * 2);
        }
        int needed = Math.toIntExact(tokenBytes + (long) length * bytesPerToken);
        if (needed > tokens.length) {
            long doubled = Math.min(2L * tokens.length, Integer.MAX_VALUE - 16);
            tokens = Arrays.copyOf(tokens, (int) Math.max(needed, doubled));
        }
        lengths[documents++] = length;
    }

    private void append(int[] ids, int from, int length) {
        encode(ids, from, length, MemorySegment.ofArray(tokens).asSlice(tokenBytes));
        tokenBytes += length * bytesPerToken;
    }

    private void encode(int[] ids, int from, int length, MemorySegment target) {
        for (int index = 0; index < length; index++) {
            int id = ids[from + index];
            long at = (long) index * bytesPerToken;
            if (bytesPerToken == 4) {
                if (id < 0) {
                    throw new IllegalArgumentException("token id " + id);
                }
                target.set(TokenShard.INT, at, id);
            } else {
                if (id >>> 16 != 0) {
                    throw new IllegalArgumentException("token id " + id + " in two bytes");
                }
                target.set(TokenShard.SHORT, at, (short) id);
            }
        }
    }

    /// Writes a shard of one document, holding a stretch of it at a time. The writer is empty
    /// before and after.
    ///
    /// @param file created or replaced
    public Written writeAlone(Path file, int length, Tokens ids) throws IOException {
        if (documents > 0) {
            throw new IllegalStateException(documents + " documents wait to be written");
        }
        byte[] header = header(new int[] {length}, 1);
        Sha256 hash = new Sha256().update(header);
        byte[] stretch = new byte[STRETCH * bytesPerToken];
        try (FileChannel channel = create(file)) {
            writeAll(channel, ByteBuffer.wrap(header));
            for (int from = 0; from < length; from += STRETCH) {
                int count = Math.min(STRETCH, length - from);
                encode(ids.read(from, count), 0, count, MemorySegment.ofArray(stretch));
                hash.update(stretch, 0, count * bytesPerToken);
                writeAll(channel, ByteBuffer.wrap(stretch, 0, count * bytesPerToken));
            }
        }
        return new Written(1, length, header.length + (long) length * bytesPerToken, hash.hex());
    }

    /// Writes the shard; the writer is empty again after it.
    ///
    /// @param file created or replaced
    public Written write(Path file) throws IOException {
        byte[] header = header(lengths, documents);
        Sha256 hash = new Sha256().update(header).update(tokens, 0, tokenBytes);
        try (FileChannel channel = create(file)) {
            writeAll(channel, ByteBuffer.wrap(header));
            writeAll(channel, ByteBuffer.wrap(tokens, 0, tokenBytes));
        }
        Written written =
                new Written(documents, tokens(), header.length + (long) tokenBytes, hash.hex());
        documents = 0;
        tokenBytes = 0;
        return written;
    }

    private byte[] header(int[] lengthsOf, int count) {
        byte[] header = new byte[TokenShard.HEADER_BYTES + 4 * count];
        MemorySegment segment = MemorySegment.ofArray(header);
        segment.set(TokenShard.INT, 0, count);
        segment.set(TokenShard.INT, 4, bytesPerToken);
        for (int document = 0; document < count; document++) {
            segment.set(
                    TokenShard.INT, TokenShard.HEADER_BYTES + 4L * document, lengthsOf[document]);
        }
        return header;
    }

    private static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// What a shard's file holds.
    ///
    /// @param sha256 of the whole file, hexadecimal
    public record Written(int documents, long tokens, long bytes, String sha256) {}
}
