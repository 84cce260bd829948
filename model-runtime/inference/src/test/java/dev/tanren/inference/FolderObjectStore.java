package dev.tanren.inference;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Objects as files of a folder.
final class FolderObjectStore implements ObjectStore {

    private final Path folder;

    FolderObjectStore(Path folder) {
        this.folder = folder;
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        try {
            Path file = folder.resolve(key);
            Files.createDirectories(file.resolveSibling("."));
            Files.write(file, bytes.toArray(ValueLayout.JAVA_BYTE));
            return new StoredObject(key, bytes.byteSize(), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public StoredObject put(String key, Path file) {
        try {
            return put(key, MemorySegment.ofArray(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        boolean absent = find(key).isEmpty();
        if (absent) {
            put(key, bytes);
        }
        return absent;
    }

    @Override
    public byte[] get(String key) {
        try {
            return Files.readAllBytes(folder.resolve(key));
        } catch (IOException e) {
            throw new TanrenException(ErrorCode.OBJECT_MISSING, "no object", key, "Put it.", e);
        }
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        return Arrays.copyOfRange(get(key), (int) offset, (int) offset + length);
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        MemorySegment bytes = MemorySegment.ofArray(get(key));
        MemorySegment.copy(bytes, offset, target, 0, target.byteSize());
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
        Path file = folder.resolve(key);
        return Files.isRegularFile(file)
                ? Optional.of(new StoredObject(key, file.toFile().length(), ""))
                : Optional.empty();
    }

    @Override
    public List<StoredObject> list(String prefix) {
        try (var files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .filter(key -> key.startsWith(prefix))
                    .sorted()
                    .map(key -> new StoredObject(key, 0, ""))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void delete(String key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
