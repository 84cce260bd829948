package dev.tanren.activities.dataset;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.testing.MemoryObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Keeps objects in memory, but forgets those that come as files.
final class ForgetfulStore implements ObjectStore {

    final MemoryObjectStore kept = new MemoryObjectStore();

    @Override
    public StoredObject put(String key, Path file) {
        try {
            return new StoredObject(key, Files.size(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        return kept.put(key, bytes);
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        return kept.putIfAbsent(key, bytes);
    }

    @Override
    public byte[] get(String key) {
        return kept.get(key);
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        return kept.get(key, offset, length);
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        kept.read(key, offset, target);
    }

    @Override
    public void download(String key, Path file) {
        kept.download(key, file);
    }

    @Override
    public Optional<StoredObject> find(String key) {
        return kept.find(key);
    }

    @Override
    public List<StoredObject> list(String prefix) {
        return kept.list(prefix);
    }

    @Override
    public void delete(String key) {
        kept.delete(key);
    }

    @Override
    public void close() {
        kept.close();
    }
}
