package dev.tanren.storage.tokens;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/// The documents of one token shard, mapped from a file in the layout of [DatasetManifest.Shard].
///
/// Opening reads the lengths alone; tokens are read when they are copied. The mapping lives as long
/// as this object is reachable.
public final class TokenShard implements Documents {

    static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT =
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// `documentCount` and `bytesPerToken`.
    static final int HEADER_BYTES = 8;

    private final MemorySegment bytes;
    private final int bytesPerToken;
    private final long firstToken;
    private final long[] starts;

    private TokenShard(MemorySegment bytes, int bytesPerToken, long firstToken, long[] starts) {
        this.bytes = bytes;
        this.bytesPerToken = bytesPerToken;
        this.firstToken = firstToken;
        this.starts = starts;
    }

    /// @throws TanrenException `TOKEN_SHARD_CORRUPT` where header, lengths and size do not agree
    public static TokenShard open(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment mapped =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            return of(mapped, file.toString());
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.TOKEN_SHARD_CORRUPT,
                    "the token shard cannot be read: " + e,
                    file.toString(),
                    "Remove the file from the cache; it is fetched again.",
                    e);
        }
    }

    /// @param where what errors call the shard
    public static TokenShard of(MemorySegment bytes, String where) {
        if (bytes.byteSize() < HEADER_BYTES) {
            throw corrupt("it has " + bytes.byteSize() + " bytes, less than a header", where);
        }
        int documents = bytes.get(INT, 0);
        int bytesPerToken = bytes.get(INT, 4);
        if (bytesPerToken != 2 && bytesPerToken != 4) {
            throw corrupt("it says " + bytesPerToken + " bytes per token, not 2 or 4", where);
        }
        long firstToken = HEADER_BYTES + 4L * documents;
        if (documents < 0 || firstToken > bytes.byteSize()) {
            throw corrupt(
                    "it says "
                            + documents
                            + " documents, more than its "
                            + bytes.byteSize()
                            + " bytes hold",
                    where);
        }
        long[] starts = new long[documents + 1];
        for (int document = 0; document < documents; document++) {
            int length = bytes.get(INT, HEADER_BYTES + 4L * document);
            if (length < 0) {
                throw corrupt("document " + document + " has length " + length, where);
            }
            starts[document + 1] = starts[document] + length;
        }
        long expected = firstToken + starts[documents] * bytesPerToken;
        if (expected != bytes.byteSize()) {
            throw corrupt(
                    "it has " + bytes.byteSize() + " bytes, its header means " + expected, where);
        }
        return new TokenShard(bytes, bytesPerToken, firstToken, starts);
    }

    private static TanrenException corrupt(String what, String where) {
        return new TanrenException(
                ErrorCode.TOKEN_SHARD_CORRUPT,
                "the token shard is damaged: " + what,
                where,
                "Prepare the dataset again after removing its objects.");
    }

    @Override
    public int count() {
        return starts.length - 1;
    }

    @Override
    public int length(int document) {
        return (int) (starts[document + 1] - starts[document]);
    }

    @Override
    public long tokens() {
        return starts[count()];
    }

    @Override
    public void copy(int document, int from, int length, int[] target, int offset) {
        Objects.checkFromIndexSize(from, length, length(document));
        Objects.checkFromIndexSize(offset, length, target.length);
        long start = firstToken + (starts[document] + from) * bytesPerToken;
        if (bytesPerToken == 4) {
            MemorySegment.copy(bytes, INT, start, target, offset, length);
            return;
        }
        for (int token = 0; token < length; token++) {
            target[offset + token] = Short.toUnsignedInt(bytes.get(SHORT, start + 2L * token));
        }
    }
}
