package dev.tanren.storage.objects;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 over bytes wherever they are, as lower-case hexadecimal. Not safe for use by several
/// threads.
public final class Sha256 {

    /// Small enough to stay in the first-level cache between the copy and the hash.
    private static final int BLOCK = 16 * 1024;

    private final MessageDigest digest = newDigest();
    private final byte[] block = new byte[BLOCK];

    public static String of(MemorySegment bytes) {
        return new Sha256().update(bytes).hex();
    }

    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(digest(bytes));
    }

    /// Of the text's UTF-8 bytes.
    public static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    public static String of(Path file) throws IOException {
        Sha256 hash = new Sha256();
        try (InputStream in = hash.over(Files.newInputStream(file))) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return hash.hex();
    }

    /// The 32 bytes themselves.
    public static byte[] digest(byte[] bytes) {
        return newDigest().digest(bytes);
    }

    public Sha256 update(byte[] bytes) {
        return update(bytes, 0, bytes.length);
    }

    public Sha256 update(byte[] bytes, int offset, int length) {
        digest.update(bytes, offset, length);
        return this;
    }

    /// Takes the text's UTF-8 bytes.
    public Sha256 update(String text) {
        return update(text.getBytes(StandardCharsets.UTF_8));
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

    /// A stream that takes what is read from it into this hash. What is skipped is not taken.
    public InputStream over(InputStream source) {
        return new DigestInputStream(source, digest);
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
