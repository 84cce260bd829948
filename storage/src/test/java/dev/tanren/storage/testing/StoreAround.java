package dev.tanren.storage.testing;

import dev.tanren.storage.objects.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Passes everything on to another store; what else happens at a call is a subclass's to say. The
/// store under it belongs to the test, and stays open.
public abstract class StoreAround implements ObjectStore {

    private final ObjectStore store;

    protected StoreAround(ObjectStore store) {
        this.store = store;
    }

    /// Makes a call that changes nothing.
    protected <T> T reading(Supplier<T> call) {
        return call.get();
    }

    /// Makes a call that changes what is stored.
    protected <T> T writing(Supplier<T> call) {
        return call.get();
    }

    private void reading(Runnable call) {
        reading(
                () -> {
                    call.run();
                    return true;
                });
    }

    private void writing(Runnable call) {
        writing(
                () -> {
                    call.run();
                    return true;
                });
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        return writing(() -> store.put(key, bytes));
    }

    @Override
    public StoredObject put(String key, List<MemorySegment> pieces, String sha256) {
        return writing(() -> store.put(key, pieces, sha256));
    }

    @Override
    public StoredObject put(String key, Path file) {
        return writing(() -> store.put(key, file));
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        return writing(() -> store.putIfAbsent(key, bytes));
    }

    @Override
    public byte[] get(String key) {
        return reading(() -> store.get(key));
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        return reading(() -> store.get(key, offset, length));
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        reading(() -> store.read(key, offset, target));
    }

    @Override
    public void download(String key, Path file) {
        reading(() -> store.download(key, file));
    }

    @Override
    public Optional<StoredObject> find(String key) {
        return reading(() -> store.find(key));
    }

    @Override
    public List<StoredObject> list(String prefix) {
        return reading(() -> store.list(prefix));
    }

    @Override
    public void delete(String key) {
        writing(() -> store.delete(key));
    }

    @Override
    public List<IncompleteUpload> incompleteUploads(String prefix) {
        return reading(() -> store.incompleteUploads(prefix));
    }

    @Override
    public void abort(IncompleteUpload upload) {
        writing(() -> store.abort(upload));
    }

    @Override
    public void close() {}
}
