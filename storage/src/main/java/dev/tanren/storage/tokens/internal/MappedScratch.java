package dev.tanren.storage.tokens.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// Memory in files that have no name any more once they are mapped, so that nothing is left behind
/// whatever the process dies of. The kernel may write it out, unlike memory of the process.
final class MappedScratch implements Memory, AutoCloseable {

    private static final int ZEROS = 1 << 20;

    private final Path folder;
    private final Arena arena = Arena.ofShared();

    MappedScratch(Path folder) {
        this.folder = folder;
    }

    /// @throws UncheckedIOException where there is no room for it
    @Override
    public MemorySegment allocate(long bytes) {
        Path file = folder.resolve("scratch-" + UUID.randomUUID());
        try {
            try {
                return map(file, bytes, arena);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Writes zeros before it maps: a write to a mapped file for which there is no room would end
    /// the process.
    static MemorySegment map(Path file, long bytes, Arena arena) throws IOException {
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(ZEROS, Math.max(1, bytes)));
            for (long at = 0; at < bytes; at += zeros.limit()) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                while (zeros.hasRemaining()) {
                    channel.write(zeros);
                }
            }
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
