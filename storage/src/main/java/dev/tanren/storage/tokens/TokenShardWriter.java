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

    /// Appends a document.
    ///
    /// @throws IllegalArgumentException where an id is negative or does not fit
    public void add(int[] ids, int from, int length) {
        Objects.checkFromIndexSize(from, length, ids.length);
        if (documents == lengths.length) {
            lengths = Arrays.copyOf(lengths, documents * 2);
        }
        int needed = Math.toIntExact(tokenBytes + (long) length * bytesPerToken);
        if (needed > tokens.length) {
            long doubled = Math.min(2L * tokens.length, Integer.MAX_VALUE - 16);
            tokens = Arrays.copyOf(tokens, (int) Math.max(needed, doubled));
        }
        MemorySegment target = MemorySegment.ofArray(tokens);
        for (int index = 0; index < length; index++) {
            int id = ids[from + index];
            long at = tokenBytes + (long) index * bytesPerToken;
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
        lengths[documents++] = length;
        tokenBytes = needed;
    }

    /// Writes the shard; the writer is empty again after it.
    ///
    /// @param file created or replaced
    public Written write(Path file) throws IOException {
        byte[] header = new byte[TokenShard.HEADER_BYTES + 4 * documents];
        MemorySegment segment = MemorySegment.ofArray(header);
        segment.set(TokenShard.INT, 0, documents);
        segment.set(TokenShard.INT, 4, bytesPerToken);
        for (int document = 0; document < documents; document++) {
            segment.set(TokenShard.INT, TokenShard.HEADER_BYTES + 4L * document, lengths[document]);
        }
        Sha256 hash = new Sha256().update(header).update(tokens, 0, tokenBytes);
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            writeAll(channel, ByteBuffer.wrap(header));
            writeAll(channel, ByteBuffer.wrap(tokens, 0, tokenBytes));
        }
        Written written =
                new Written(documents, tokens(), header.length + (long) tokenBytes, hash.hex());
        documents = 0;
        tokenBytes = 0;
        return written;
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
