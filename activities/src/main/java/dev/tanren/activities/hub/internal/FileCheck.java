package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubFile;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Compares a file's bytes with the checksum that the Hub announced. A file announced with its
/// length alone has none.
final class FileCheck {

    private final @Nullable String expected;
    private final MessageDigest digest;

    FileCheck(HubFile file) {
        if (file.sha256() != null) {
            expected = file.sha256();
            digest = digest("SHA-256");
        } else {
            expected = file.blobId();
            digest = digest("SHA-1");
            // Git hashes a file behind a header.
            digest.update(("blob " + file.bytes() + "\0").getBytes(StandardCharsets.UTF_8));
        }
    }

    void update(byte[] bytes, int offset, int length) {
        digest.update(bytes, offset, length);
    }

    /// To be called once, after the last byte.
    ///
    /// @return what is wrong; null where nothing is
    @Nullable String mismatch() {
        String found = HexFormat.of().formatHex(digest.digest());
        return expected == null || expected.equals(found)
                ? null
                : "its " + digest.getAlgorithm() + " is " + found + ", not " + expected;
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has " + algorithm, e);
        }
    }
}
