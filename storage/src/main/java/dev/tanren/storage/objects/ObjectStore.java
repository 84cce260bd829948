package dev.tanren.storage.objects;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Objects under one bucket and prefix of an S3-compatible store.
///
/// Every write records the SHA-256 of the object's bytes beside it, and every whole read checks it;
/// the store compares what it receives with a checksum that was sent along.
/// Calls retry what may pass (with back-off) up to a deadline, then throw a `TanrenException` of
/// the storage class. Keys are relative to the configured prefix. Safe for use by many threads.
public interface ObjectStore extends AutoCloseable {

    /// Writes an object, replacing one that exists. Large ones go in parts; nobody sees a part of
    /// an object.
    StoredObject put(String key, MemorySegment bytes);

    /// Writes an object from pieces that follow each other, whose hash the caller knows already, so
    /// that nothing is copied or hashed twice.
    ///
    /// The pieces must not change until the call returns.
    ///
    /// @param sha256 of all pieces as one run of bytes, hexadecimal
    default StoredObject put(String key, List<MemorySegment> pieces, String sha256) {
        long bytes = pieces.stream().mapToLong(MemorySegment::byteSize).sum();
        byte[] whole = new byte[Math.toIntExact(bytes)];
        MemorySegment target = MemorySegment.ofArray(whole);
        long at = 0;
        for (MemorySegment piece : pieces) {
            MemorySegment.copy(piece, 0, target, at, piece.byteSize());
            at += piece.byteSize();
        }
        return put(key, target);
    }

    /// Writes a file as an object.
    StoredObject put(String key, Path file);

    default StoredObject put(String key, byte[] bytes) {
        return put(key, MemorySegment.ofArray(bytes));
    }

    /// Writes an object unless one exists.
    ///
    /// The store decides; of writers at the same moment exactly one wins only where it decides and
    /// writes in one step, as S3 does. S3Proxy 3.1 on a file system looks first and then writes, so
    /// there several may win and the last one's bytes stay.
    ///
    /// @return whether this call wrote it
    boolean putIfAbsent(String key, byte[] bytes);

    /// Reads a whole object of at most 64 MiB.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `OBJECT_MISSING`, `OBJECT_CORRUPT`
    byte[] get(String key);

    /// Reads `length` bytes from `offset` on.
    byte[] get(String key, long offset, int length);

    /// Fills `target` from `offset` on, in parallel ranges. The whole target must lie inside the
    /// object.
    void read(String key, long offset, MemorySegment target);

    /// Writes a whole object to a file by parallel ranges, checks its SHA-256, then moves it into
    /// place.
    void download(String key, Path file);

    Optional<StoredObject> find(String key);

    /// All objects whose key begins with `prefix`, in the order of their keys.
    List<StoredObject> list(String prefix);

    /// Removes an object; one that does not exist is no error.
    void delete(String key);

    /// Uploads of large objects under a prefix that have neither ended nor been given up: those
    /// under way, and those whose writer died. Their parts take space and no listing shows them.
    default List<IncompleteUpload> incompleteUploads(String prefix) {
        return List.of();
    }

    /// Gives an upload up and removes its parts; one that does not exist is no error. Its writer,
    /// if there is one, gets an error when it goes on.
    default void abort(IncompleteUpload upload) {}

    @Override
    void close();

    /// @param begun by the store's clock; S3Proxy 3.1 does not keep it and says the time of the
    ///     listing
    record IncompleteUpload(String key, String uploadId, Instant begun) {}

    /// @param sha256 hexadecimal; empty in listings and for objects that others wrote without one
    /// @param entityTag what the store calls the bytes it holds: it changes when they do; empty in
    ///     listings and where the store gives none
    record StoredObject(String key, long bytes, String sha256, String entityTag) {
        /// As listings have it.
        public StoredObject(String key, long bytes) {
            this(key, bytes, "", "");
        }
    }
}
