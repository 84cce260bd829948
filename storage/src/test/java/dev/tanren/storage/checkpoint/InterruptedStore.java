package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Passes everything on, and lets something else happen before each call, as if the caller had been
/// stopped there. What happens meanwhile is not interrupted itself.
final class InterruptedStore implements ObjectStore {

    private final ObjectStore store;
    private final Runnable meanwhile;
    private boolean interrupted;

    InterruptedStore(ObjectStore store, Runnable meanwhile) {
        this.store = store;
        this.meanwhile = meanwhile;
    }

    private synchronized void interrupt() {
        if (!interrupted) {
            interrupted = true;
            try {
                meanwhile.run();
            } finally {
                interrupted = false;
            }
        }
    }

    private <T> T after(Supplier<T> call) {
        interrupt();
        return call.get();
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        return after(() -> store.put(key, bytes));
    }

    @Override
    public StoredObject put(String key, List<MemorySegment> pieces, String sha256) {
        return after(() -> store.put(key, pieces, sha256));
    }

    @Override
    public StoredObject put(String key, Path file) {
        return after(() -> store.put(key, file));
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        return after(() -> store.putIfAbsent(key, bytes));
    }

    @Override
    public byte[] get(String key) {
        return after(() -> store.get(key));
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        return after(() -> store.get(key, offset, length));
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        interrupt();
        store.read(key, offset, target);
    }

    @Override
    public void download(String key, Path file) {
        interrupt();
        store.download(key, file);
    }

    @Override
    public Optional<StoredObject> find(String key) {
        return after(() -> store.find(key));
    }

    @Override
    public List<StoredObject> list(String prefix) {
        return after(() -> store.list(prefix));
    }

    @Override
    public void delete(String key) {
        interrupt();
        store.delete(key);
    }

    @Override
    public List<IncompleteUpload> incompleteUploads(String prefix) {
        return after(() -> store.incompleteUploads(prefix));
    }

    @Override
    public void abort(IncompleteUpload upload) {
        interrupt();
        store.abort(upload);
    }

    @Override
    public void close() {
        // The store under it belongs to the test.
    }
}
