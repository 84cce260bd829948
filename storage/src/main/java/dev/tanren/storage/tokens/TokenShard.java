package dev.tanren.storage.tokens;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
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
/// Opening reads the lengths alone; tokens are read when they are copied. On the heap is where
/// every so many-th document begins; all else stays in the mapping, which lives as long as this
/// object is reachable.
public final class TokenShard implements Documents {

    static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT =
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// `documentCount` and `bytesPerToken`.
    static final int HEADER_BYTES = 8;

    /// Documents between two whose start is kept.
    private static final int STRIDE = 256;

    private final MemorySegment bytes;
    private final int documents;
    private final long tokens;
    private final int bytesPerToken;
    private final long firstToken;
    private final long[] starts;

    private TokenShard(
            MemorySegment bytes, int documents, int bytesPerToken, long tokens, long[] starts) {
        this.bytes = bytes;
        this.documents = documents;
        this.bytesPerToken = bytesPerToken;
        this.firstToken = firstToken(documents);
        this.tokens = tokens;
        this.starts = starts;
    }

    private static long firstToken(int documents) {
        return HEADER_BYTES + 4L * documents;
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
        long firstToken = firstToken(documents);
        if (documents < 0 || firstToken > bytes.byteSize()) {
            throw corrupt(
                    "it says "
                            + documents
                            + " documents, more than its "
                            + bytes.byteSize()
                            + " bytes hold",
                    where);
        }
        long[] starts = new long[Math.ceilDiv(documents, STRIDE)];
        long tokens = 0;
        for (int document = 0; document < documents; document++) {
            int length = bytes.get(INT, HEADER_BYTES + 4L * document);
            if (length < 0) {
                throw corrupt("document " + document + " has length " + length, where);
            }
            if (document % STRIDE == 0) {
                starts[document / STRIDE] = tokens;
            }
            tokens += length;
        }
        long expected = firstToken + tokens * bytesPerToken;
        if (expected != bytes.byteSize()) {
            throw corrupt(
                    "it has " + bytes.byteSize() + " bytes, its header means " + expected, where);
        }
        return new TokenShard(bytes, documents, bytesPerToken, tokens, starts);
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
        return documents;
    }

    @Override
    public int length(int document) {
        Objects.checkIndex(document, documents);
        return bytes.get(INT, HEADER_BYTES + 4L * document);
    }

    @Override
    public long tokens() {
        return tokens;
    }

    private long start(int document) {
        long start = starts[document / STRIDE];
        for (int before = document - document % STRIDE; before < document; before++) {
            start += length(before);
        }
        return start;
    }

    @Override
    public void copy(int document, int from, int length, int[] target, int offset) {
        Objects.checkFromIndexSize(from, length, length(document));
        Objects.checkFromIndexSize(offset, length, target.length);
        long start = firstToken + (start(document) + from) * bytesPerToken;
        if (bytesPerToken == 4) {
            MemorySegment.copy(bytes, INT, start, target, offset, length);
            return;
        }
        for (int token = 0; token < length; token++) {
            target[offset + token] = Short.toUnsignedInt(bytes.get(SHORT, start + 2L * token));
        }
    }
}
