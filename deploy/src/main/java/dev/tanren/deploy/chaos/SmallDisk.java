package dev.tanren.deploy.chaos;

import dev.tanren.plan.units.ByteSize;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

/// A small file system in memory (tmpfs) where a folder of the stack was, with what was in it, that
/// can be filled to its last byte. To mount one is the system administrator's right.
final class SmallDisk implements AutoCloseable {

    private static final String OWNERS_ALONE = "rwx------";
    private static final int CHUNK = 64 << 10;
    private static final int PAGE = 4 << 10;
    private static final long POLL_MILLIS = 5;

    private final Path folder;
    private boolean mounted = true;

    private SmallDisk(Path folder) {
        this.folder = folder;
    }

    /// Takes the place of a folder in which nothing is being written.
    ///
    /// @throws NotPossibleHere where no file system may be mounted
    static SmallDisk inPlaceOf(Path folder, ByteSize size) {
        Path before = folder.resolveSibling(folder.getFileName() + ".before");
        try {
            Files.move(folder, before);
            Files.createDirectory(
                    folder,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString(OWNERS_ALONE)));
            String refused =
                    run(
                            List.of(
                                    "mount",
                                    "-t",
                                    "tmpfs",
                                    "-o",
                                    "mode=700,size=" + size.bytes(),
                                    "tanren-chaos",
                                    folder.toString()));
            if (!refused.isEmpty()) {
                Files.delete(folder);
                Files.move(before, folder);
                throw new NotPossibleHere(
                        "a file system of %s cannot be mounted: %s".formatted(size, refused));
            }
            copy(before, folder);
            return new SmallDisk(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.filter(it -> !it.equals(from)).toList()) {
                Files.copy(
                        path,
                        to.resolve(from.relativize(path)),
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    /// Takes every byte that is free, and what becomes free, until the ballast is thrown off.
    Ballast fill() {
        Ballast ballast = new Ballast(folder.resolve("ballast"));
        ballast.begin();
        return ballast;
    }

    long freeBytes() {
        try {
            return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Unmounts it, whoever still has files open there; what was written there is gone.
    @Override
    public void close() {
        if (!mounted) {
            return;
        }
        mounted = false;
        String refused = run(List.of("umount", "--lazy", folder.toString()));
        if (!refused.isEmpty()) {
            throw new UncheckedIOException(
                    new IOException(folder + " cannot be unmounted: " + refused));
        }
    }

    /// @return what the program complains of; empty where it does not
    private static String run(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .strip();
            return process.waitFor() == 0 ? "" : said.isEmpty() ? "no reason given" : said;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    /// A file that leaves no room beside it.
    static final class Ballast implements AutoCloseable {

        private final Path file;
        private final Thread filler = Thread.ofVirtual().unstarted(this::keepFull);
        private volatile boolean over;

        private Ballast(Path file) {
            this.file = file;
        }

        private void begin() {
            grow(CHUNK);
            grow(PAGE);
            filler.start();
        }

        private void keepFull() {
            try {
                while (!over) {
                    grow(PAGE);
                    Thread.sleep(POLL_MILLIS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void grow(int piece) {
            byte[] zeros = new byte[piece];
            try (OutputStream out =
                    Files.newOutputStream(
                            file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                while (!over) {
                    out.write(zeros);
                }
            } catch (IOException full) {
                // So it is to be.
            }
        }

        /// Frees the room.
        @Override
        public void close() {
            over = true;
            try {
                filler.join();
                Files.deleteIfExists(file);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
