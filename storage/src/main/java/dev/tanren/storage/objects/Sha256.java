package dev.tanren.storage.objects;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 over memory outside the Java heap, as lower-case hexadecimal. Not safe for use by
/// several threads.
public final class Sha256 {

    /// Small enough to stay in the first-level cache between the copy and the hash.
    private static final int BLOCK = 16 * 1024;

    private final MessageDigest digest = newDigest();
    private final byte[] block = new byte[BLOCK];

    public static String of(MemorySegment bytes) {
        return new Sha256().update(bytes).hex();
    }

    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(newDigest().digest(bytes));
    }

    public Sha256 update(MemorySegment bytes) {
        long size = bytes.byteSize();
        for (long at = 0; at < size; at += BLOCK) {
            int length = (int) Math.min(BLOCK, size - at);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, block, 0, length);
            digest.update(block, 0, length);
        }
        return this;
    }

    /// Feeds the same bytes to two digests while they lie in the cache, which costs one pass over
    /// memory instead of two.
    public static void updateBoth(Sha256 first, Sha256 second, MemorySegment bytes) {
        long size = bytes.byteSize();
        for (long at = 0; at < size; at += BLOCK) {
            int length = (int) Math.min(BLOCK, size - at);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, first.block, 0, length);
            first.digest.update(first.block, 0, length);
            second.digest.update(first.block, 0, length);
        }
    }

    /// Ends the hash and begins a new one.
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
