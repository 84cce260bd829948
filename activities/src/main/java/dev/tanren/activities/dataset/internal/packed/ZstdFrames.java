package dev.tanren.activities.dataset.internal.packed;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/// The frames of a zstd file (RFC 8878), one after the other; skippable frames are passed over.
///
/// The file ends after a whole frame. Everything else, also a frame whose window is larger than
/// [#MOST_WINDOW_BYTES], is a [PackedException] that names the frame. Not safe for use by several
/// threads.
final class ZstdFrames extends InputStream {

    /// The largest window that is unpacked, which is also the memory that unpacking takes: what
    /// `zstd -d` takes without being told otherwise.
    static final long MOST_WINDOW_BYTES = 128L << 20;

    private static final int FRAME_MAGIC = 0xFD2FB528;

    /// Magic, descriptor, window, dictionary and content size at their longest.
    private static final int LONGEST_HEADER = 18;

    private final InputStream file;
    private final byte[] bytes = new byte[1 << 16];
    private final ByteBuffer packed = direct().flip();
    private final ByteBuffer content = direct().flip();
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private int frame;
    private boolean inFrame;
    private boolean pending;

    ZstdFrames(InputStream file) {
        this.file = file;
    }

    private static ByteBuffer direct() {
        return ByteBuffer.allocateDirect(1 << 17).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        while (!content.hasRemaining()) {
            if (!inFrame && !begin()) {
                return -1;
            }
            unpack();
        }
        int count = Math.min(length, content.remaining());
        content.get(target, offset, count);
        return count;
    }

    /// @return false at the end of the file
    private boolean begin() throws IOException {
        while (want(1)) {
            frame++;
            want(LONGEST_HEADER);
            if (packed.remaining() < 4) {
                throw damaged("it does not begin as a frame does");
            }
            int magic = packed.getInt(packed.position());
            if (magic == FRAME_MAGIC) {
                requireReadable();
                inFrame = true;
                pending = false;
                return true;
            }
            if ((magic & 0xfffffff0) != 0x184D2A50) {
                throw damaged(
                        "it does not begin as a frame does"
                                + (frame > 1
                                        ? ": rubbish or damage behind the one before it"
                                        : ""));
            }
            skip();
        }
        return false;
    }

    private void skip() throws IOException {
        if (packed.remaining() < 8) {
            throw cut();
        }
        packed.getInt();
        long left = Integer.toUnsignedLong(packed.getInt());
        while (left > 0) {
            if (!want(1)) {
                throw cut();
            }
            int step = (int) Math.min(left, packed.remaining());
            packed.position(packed.position() + step);
            left -= step;
        }
    }

    /// Looks at the header of the frame that begins here.
    private void requireReadable() throws IOException {
        int at = packed.position() + Integer.BYTES;
        int descriptor = header(at++);
        boolean single = (descriptor & 0x20) != 0;
        long window = single ? 0 : window(header(at++));
        int dictionaryBytes = new int[] {0, 1, 2, 4}[descriptor & 3];
        long dictionary = number(at, dictionaryBytes);
        at += dictionaryBytes;
        if (single) {
            int sizeBytes = 1 << (descriptor >>> 6);
            window = number(at, sizeBytes) + (sizeBytes == 2 ? 256 : 0);
        }
        if (dictionary != 0) {
            throw new PackedException(
                    "zstd frame " + frame + " was packed with a dictionary",
                    "Unpack it with `zstd -d -D DICTIONARY` and pack it again without one.");
        }
        if (window < 0 || window > MOST_WINDOW_BYTES) {
            throw tooLarge(window);
        }
    }

    private PackedException tooLarge(long window) {
        int log =
                window <= 0 ? 31 : Math.min(31, Long.SIZE - Long.numberOfLeadingZeros(window - 1));
        return new PackedException(
                "zstd frame "
                        + frame
                        + " has a window of "
                        + Long.toUnsignedString(window >>> 20)
                        + " MiB; at most "
                        + (MOST_WINDOW_BYTES >> 20)
                        + " MiB are unpacked",
                "Unpack it with `zstd -d --long="
                        + log
                        + "`, and pack it again without --long or --ultra.");
    }

    private static long window(int descriptor) {
        long base = 1L << (10 + (descriptor >>> 3));
        return base + base / 8 * (descriptor & 7);
    }

    private long number(int at, int length) throws IOException {
        long value = 0;
        for (int index = 0; index < length; index++) {
            value |= (long) header(at + index) << (Byte.SIZE * index);
        }
        return value;
    }

    private int header(int at) throws IOException {
        if (at >= packed.limit()) {
            throw cut();
        }
        return packed.get(at) & 0xff;
    }

    private void unpack() throws IOException {
        // What a full buffer could not take comes out without more input.
        if (!pending && !want(1)) {
            throw cut();
        }
        content.clear();
        try {
            inFrame = !context.decompressDirectByteBufferStream(content, packed);
        } catch (ZstdException e) {
            throw damaged("its data or its checksum is wrong");
        }
        pending = inFrame && !content.hasRemaining();
        content.flip();
    }

    /// Whether so many bytes are at hand, after reading what the file gives.
    private boolean want(int count) throws IOException {
        while (packed.remaining() < count) {
            packed.compact();
            int read = file.read(bytes, 0, Math.min(bytes.length, packed.remaining()));
            if (read > 0) {
                packed.put(bytes, 0, read);
            }
            packed.flip();
            if (read < 0) {
                return false;
            }
        }
        return true;
    }

    private PackedException cut() {
        return damaged("the file ends inside it");
    }

    private PackedException damaged(String what) {
        return PackedException.damaged("zstd frame " + frame + " is damaged: " + what);
    }

    @Override
    public void close() throws IOException {
        context.close();
        file.close();
    }
}
