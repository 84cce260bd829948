package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.dataset.Progress;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 of what is read.
public final class Digests {

    private Digests() {}

    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    public static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    /// Reads a whole file.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE`
    public static String hex(Path file, Progress progress) {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[1 << 18];
        long done = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                done += read;
                if (done % (64 << 20) < buffer.length) {
                    progress.at("reading", done);
                }
            }
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the file cannot be read: " + e,
                    file.toString(),
                    "Let the worker's user read it.",
                    e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
