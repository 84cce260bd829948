package dev.tanren.activities.dataset.internal.packed;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// The members of a gzip file (RFC 1952), one after the other.
///
/// The JDK's own stream takes damage in a later member's header for the end of the file. This one
/// ends where the file does: after a whole member, or after zero bytes behind one, which tapes and
/// block devices leave there and Python's `gzip` passes over too. Everything else is a
/// [PackedException] that names the member. Not safe for use by several threads.
final class GzipMembers extends InputStream {

    private static final int HEADER_BYTES = 10;
    private static final int DEFLATE = 8;
    private static final int HEADER_CHECKSUM = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xe0;

    private final InputStream file;
    private final byte[] buffer = new byte[1 << 16];
    private final Inflater inflater = new Inflater(true);
    private final CRC32 content = new CRC32();
    private final CRC32 header = new CRC32();
    private int at;
    private int end;
    private int member;
    private boolean inMember;
    private boolean ended;

    GzipMembers(InputStream file) {
        this.file = file;
    }

    /// Whether a file's first bytes are a member's header: the magic number, the one method there
    /// is, no flags that do not exist, and the time and system behind them.
    static boolean header(byte[] head) {
        return head.length >= HEADER_BYTES
                && (head[0] & 0xff) == 0x1f
                && (head[1] & 0xff) == 0x8b
                && head[2] == DEFLATE
                && (head[3] & RESERVED) == 0;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        while (length > 0 && !ended) {
            if (!inMember && !begin()) {
                ended = true;
                break;
            }
            int read = inflate(target, offset, length);
            if (read > 0) {
                return read;
            }
        }
        return length == 0 ? 0 : -1;
    }

    private int inflate(byte[] target, int offset, int length) throws IOException {
        if (inflater.needsInput() && !inflater.finished()) {
            if (at == end && !fill()) {
                throw cut("its data");
            }
            inflater.setInput(buffer, at, end - at);
            at = end;
        }
        int read;
        try {
            read = inflater.inflate(target, offset, length);
        } catch (DataFormatException e) {
            throw damaged("its data is no deflate stream");
        }
        content.update(target, offset, read);
        if (inflater.finished()) {
            at = end - inflater.getRemaining();
            finish();
        } else if (inflater.needsDictionary()) {
            throw damaged("its data wants a dictionary, which gzip has not");
        }
        return read;
    }

    /// @return false at the end of the file
    private boolean begin() throws IOException {
        int first = next();
        while (first == 0 && member > 0) {
            first = next();
        }
        if (first < 0) {
            return false;
        }
        member++;
        header.reset();
        header.update(first);
        if (first != 0x1f || headerByte() != 0x8b) {
            throw damaged(
                    "it does not begin as a member does"
                            + (member > 1 ? ": rubbish or damage behind the one before it" : ""));
        }
        if (headerByte() != DEFLATE) {
            throw damaged("its method of packing is not the only one there is");
        }
        int flags = headerByte();
        if ((flags & RESERVED) != 0) {
            throw damaged("its header has flags that do not exist");
        }
        skip(6);
        passOptions(flags);
        inflater.reset();
        content.reset();
        inMember = true;
        return true;
    }

    private void passOptions(int flags) throws IOException {
        if ((flags & EXTRA) != 0) {
            skip(headerByte() | headerByte() << 8);
        }
        if ((flags & NAME) != 0) {
            passText();
        }
        if ((flags & COMMENT) != 0) {
            passText();
        }
        if ((flags & HEADER_CHECKSUM) != 0) {
            int expected = (int) header.getValue() & 0xffff;
            if ((headerByte() | headerByte() << 8) != expected) {
                throw damaged("its header does not match the header's checksum");
            }
        }
    }

    private void passText() throws IOException {
        int read = headerByte();
        while (read != 0) {
            read = headerByte();
        }
    }

    private void skip(int bytes) throws IOException {
        for (int skipped = 0; skipped < bytes; skipped++) {
            headerByte();
        }
    }

    private int headerByte() throws IOException {
        int read = next();
        if (read < 0) {
            throw cut("its header");
        }
        header.update(read);
        return read;
    }

    private void finish() throws IOException {
        inMember = false;
        if (trailer() != content.getValue()) {
            throw damaged("its content does not match its checksum");
        }
        if (trailer() != (inflater.getBytesWritten() & 0xffff_ffffL)) {
            throw damaged("its content has another length than it says");
        }
    }

    private long trailer() throws IOException {
        long value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            int read = next();
            if (read < 0) {
                throw cut("its checksum");
            }
            value |= (long) read << shift;
        }
        return value;
    }

    private int next() throws IOException {
        return at == end && !fill() ? -1 : buffer[at++] & 0xff;
    }

    private boolean fill() throws IOException {
        int read = file.read(buffer);
        at = 0;
        end = Math.max(0, read);
        return read > 0;
    }

    private PackedException cut(String what) {
        return damaged("the file ends inside " + what);
    }

    private PackedException damaged(String what) {
        return PackedException.damaged("gzip member " + member + " is damaged: " + what);
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        file.close();
    }
}
