package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.storage.tokens.TokenDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Packs a dataset in a process of its own and prints the number of its blocks and the hash of all
/// their tokens.
final class PackInAProcess {

    private PackInAProcess() {}

    /// @param arguments folder of the store, key of the manifest, cache, tokens of a block
    public static void main(String[] arguments) {
        TokenDataset dataset =
                TokenDataset.open(
                        new FolderStore(Path.of(arguments[0])),
                        arguments[1],
                        Path.of(arguments[2]));
        PackedBlocks blocks = dataset.trainingBlocks(null, Integer.parseInt(arguments[3]));
        Sha256 hash = new Sha256();
        for (int block = 0; block < blocks.count(); block++) {
            hash.update(bytes(blocks.block(block).tokens()));
        }
        System.out.println(blocks.count() + " " + hash.hex());
    }

    static byte[] bytes(int[] tokens) {
        ByteBuffer bytes = ByteBuffer.allocate(tokens.length * Integer.BYTES);
        bytes.asIntBuffer().put(tokens);
        return bytes.array();
    }

    /// Objects as files, never on the heap.
    private record FolderStore(Path folder) implements ObjectStore {

        @Override
        public StoredObject put(String key, MemorySegment bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public StoredObject put(String key, Path file) {
            copy(file, folder.resolve(key));
            return find(key).orElseThrow();
        }

        @Override
        public boolean putIfAbsent(String key, byte[] bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] get(String key) {
            try {
                return Files.readAllBytes(folder.resolve(key));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public byte[] get(String key, long offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void read(String key, long offset, MemorySegment target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void download(String key, Path file) {
            copy(folder.resolve(key), file);
        }

        @Override
        public Optional<StoredObject> find(String key) {
            Path file = folder.resolve(key);
            try {
                return Files.exists(file)
                        ? Optional.of(new StoredObject(key, Files.size(file)))
                        : Optional.empty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public List<StoredObject> list(String prefix) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void delete(String key) {
            throw new UnsupportedOperationException();
        }

        private static void copy(Path from, Path to) {
            try {
                Files.createDirectories(to.getParent());
                Files.copy(from, to);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {}
    }
}
