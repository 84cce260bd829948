package dev.tanren.deploy.model;

import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.nio.file.Path;

/// The hash by which files of a model are compared with what a manifest says of them.
public final class FileHash {

    private FileHash() {}

    /// SHA-256 in hexadecimal.
    ///
    /// @throws IOException where the file cannot be read
    public static String of(Path file) throws IOException {
        return Sha256.of(file);
    }
}
