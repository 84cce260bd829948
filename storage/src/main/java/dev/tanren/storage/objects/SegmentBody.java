package dev.tanren.storage.objects;

import io.minio.Http;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import okhttp3.MediaType;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/// The body of a request, written from memory segments without copying them first.
///
/// The client signs the hash it is given and computes none itself: either the object's SHA-256,
/// which is known before, or the marker of an unsigned payload, for a large object or a part
/// of one.
final class SegmentBody extends Http.Body {

    static final String UNSIGNED = "UNSIGNED-PAYLOAD";

    private static final MediaType TYPE = MediaType.get("application/octet-stream");
    private static final int BLOCK = 64 * 1024;

    private final List<MemorySegment> pieces;

    /// @param sha256 of all pieces, or [#UNSIGNED]
    SegmentBody(List<MemorySegment> pieces, String sha256) {
        super(new byte[0], 0, TYPE, sha256, null);
        this.pieces = List.copyOf(pieces);
    }

    @Override
    public Http.RequestBody toRequestBody() {
        return new Request(pieces);
    }

    /// The part of `pieces`, taken as one run of bytes, from `offset` on.
    static List<MemorySegment> slice(List<MemorySegment> pieces, long offset, long length) {
        List<MemorySegment> slices = new java.util.ArrayList<>();
        long start = 0;
        for (MemorySegment piece : pieces) {
            long from = Math.max(offset, start);
            long to = Math.min(offset + length, start + piece.byteSize());
            if (from < to) {
                slices.add(piece.asSlice(from - start, to - from));
            }
            start += piece.byteSize();
        }
        return slices;
    }

    static long size(List<MemorySegment> pieces) {
        return pieces.stream().mapToLong(MemorySegment::byteSize).sum();
    }

    private static final class Request extends Http.RequestBody {
        private final List<MemorySegment> pieces;

        Request(List<MemorySegment> pieces) {
            super(new byte[0], 0, TYPE, null);
            this.pieces = pieces;
        }

        @Override
        public long contentLength() {
            return size(pieces);
        }

        @Override
        public void writeTo(@Nullable BufferedSink sink) throws IOException {
            byte[] block = new byte[BLOCK];
            for (MemorySegment piece : pieces) {
                for (long at = 0; at < piece.byteSize(); at += BLOCK) {
                    int length = (int) Math.min(BLOCK, piece.byteSize() - at);
                    MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, at, block, 0, length);
                    java.util.Objects.requireNonNull(sink).write(block, 0, length);
                }
            }
        }
    }
}
