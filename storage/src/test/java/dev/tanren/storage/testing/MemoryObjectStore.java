package dev.tanren.storage.testing;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;

/// Objects in memory, and how often they were written.
public final class MemoryObjectStore implements ObjectStore {

    private final SortedMap<String, byte[]> objects = new ConcurrentSkipListMap<>();
    private int writes;
    private boolean refusing;

    /// From now on it is as with keys that only read.
    public void refuseWrites() {
        refusing = true;
    }

    public int writes() {
        return writes;
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        return store(key, bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public StoredObject put(String key, Path file) {
        try {
            return store(key, Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private StoredObject store(String key, byte[] bytes) {
        if (refusing) {
            throw new TanrenException(
                    ErrorCode.STORE_REFUSED, "the store answered 403", key, "use other keys");
        }
        objects.put(key, bytes);
        writes++;
        return described(key, bytes);
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        if (objects.putIfAbsent(key, bytes) == null) {
            writes++;
            return true;
        }
        return false;
    }

    @Override
    public byte[] get(String key) {
        byte[] bytes = objects.get(key);
        if (bytes == null) {
            throw new TanrenException(ErrorCode.OBJECT_MISSING, "no object", key, "Put it there.");
        }
        return bytes;
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        return Arrays.copyOfRange(get(key), (int) offset, (int) offset + length);
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        MemorySegment.copy(MemorySegment.ofArray(get(key)), offset, target, 0, target.byteSize());
    }

    @Override
    public void download(String key, Path file) {
        try {
            Files.write(file, get(key));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Optional<StoredObject> find(String key) {
        return Optional.ofNullable(objects.get(key)).map(bytes -> described(key, bytes));
    }

    @Override
    public List<StoredObject> list(String prefix) {
        return objects.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .map(entry -> described(entry.getKey(), entry.getValue()))
                .toList();
    }

    @Override
    public void delete(String key) {
        objects.remove(key);
    }

    @Override
    public void close() {}

    private static StoredObject described(String key, byte[] bytes) {
        String sha256 = Sha256.of(bytes);
        return new StoredObject(key, bytes.length, sha256, sha256);
    }
}
