package dev.tanren.storage.objects;

import java.io.InputStream;
import java.util.Objects;

/// Reads an object from its beginning, or a place in it, to its end, a range at a time, so that one
/// of any size takes little memory and a lost connection costs a range.
///
/// The first range is short, for readers who want the beginning alone. Errors are those of
/// [ObjectStore#get(String, long, int)], thrown as they are. The ranges need not be of the same
/// version where somebody replaces the object meanwhile: who must know compares a hash. Not safe
/// for use by several threads.
public final class ObjectStream extends InputStream {

    private static final int FIRST_RANGE = 1 << 20;
    private static final int RANGE = 32 << 20;

    private final ObjectStore store;
    private final String key;
    private final long bytes;
    private byte[] range = {};
    private int at;
    private long fetched;
    private int next = FIRST_RANGE;

    /// @param bytes how long the object is
    public ObjectStream(ObjectStore store, String key, long bytes) {
        this(store, key, 0, bytes);
    }

    /// @param from the first byte that is read
    /// @param bytes how long the object is
    public ObjectStream(ObjectStore store, String key, long from, long bytes) {
        this.store = store;
        this.key = key;
        this.fetched = from;
        this.bytes = bytes;
    }

    @Override
    public int read() {
        return ended() ? -1 : range[at++] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (ended()) {
            return -1;
        }
        int count = Math.min(length, range.length - at);
        System.arraycopy(range, at, target, offset, count);
        at += count;
        return count;
    }

    @Override
    public int available() {
        return range.length - at;
    }

    /// Fetches the next range when the one before it is used up.
    private boolean ended() {
        if (at < range.length) {
            return false;
        }
        if (fetched == bytes) {
            return true;
        }
        int length = (int) Math.min(next, bytes - fetched);
        next = RANGE;
        range = store.get(key, fetched, length);
        fetched += length;
        at = 0;
        return false;
    }
}
