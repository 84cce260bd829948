package dev.tanren.activities.dataset.internal.text;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// A scratch file that takes what is too long for memory. What cannot be written is `SCRATCH_FULL`,
/// so that it is never taken for an error of the source.
final class SpoolFile extends OutputStream {

    private final Path file;
    private final OutputStream out;

    SpoolFile(Path file) {
        this.file = file;
        try {
            this.out = Files.newOutputStream(file);
        } catch (IOException e) {
            throw full(file, e);
        }
    }

    @Override
    public void write(int one) {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw full(file, e);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw full(file, e);
        }
    }

    static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw full(file, e);
        }
    }

    private static TanrenException full(Path file, IOException e) {
        return new TanrenException(
                ErrorCode.SCRATCH_FULL,
                "a long document cannot be kept on scratch disk: " + e,
                file.toString(),
                "Free space there: preparing a dataset takes about as much as its text.",
                e);
    }
}
