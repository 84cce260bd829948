package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Passes everything on, and dies before or after the n-th write, as a process that is killed there
/// does.
class FailingStore implements ObjectStore {

    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private final ObjectStore store;
    private final int fatalWrite;
    private final boolean afterIt;
    private int writes;

    FailingStore(ObjectStore store, int fatalWrite, boolean afterIt) {
        this.store = store;
        this.fatalWrite = fatalWrite;
        this.afterIt = afterIt;
    }

    private <T> T write(java.util.function.Supplier<T> write) {
        boolean fatal = ++writes == fatalWrite;
        if (fatal && !afterIt) {
            throw new Killed();
        }
        T written = write.get();
        if (fatal) {
            throw new Killed();
        }
        return written;
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        return write(() -> store.put(key, bytes));
    }

    @Override
    public StoredObject put(String key, List<MemorySegment> pieces, String sha256) {
        return write(() -> store.put(key, pieces, sha256));
    }

    @Override
    public StoredObject put(String key, Path file) {
        return write(() -> store.put(key, file));
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        return write(() -> store.putIfAbsent(key, bytes));
    }

    @Override
    public byte[] get(String key) {
        return store.get(key);
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        return store.get(key, offset, length);
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        store.read(key, offset, target);
    }

    @Override
    public void download(String key, Path file) {
        store.download(key, file);
    }

    @Override
    public Optional<StoredObject> find(String key) {
        return store.find(key);
    }

    @Override
    public List<StoredObject> list(String prefix) {
        return store.list(prefix);
    }

    @Override
    public void delete(String key) {
        write(
                () -> {
                    store.delete(key);
                    return key;
                });
    }

    @Override
    public void close() {
        // The store under it belongs to the test.
    }
}
