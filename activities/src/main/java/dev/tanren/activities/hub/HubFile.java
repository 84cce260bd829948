package dev.tanren.activities.hub;

import org.jspecify.annotations.Nullable;

/// A file of a repository, as the Hub announces it.
///
/// @param bytes its length
/// @param sha256 of its bytes, where it is kept in large file storage; else null
/// @param blobId Git's SHA-1 of it where it is kept in Git itself; else null
public record HubFile(String name, long bytes, @Nullable String sha256, @Nullable String blobId) {

    public HubFile {
        if (bytes < 0) {
            throw new IllegalArgumentException(name + " cannot have " + bytes + " bytes");
        }
    }
}
