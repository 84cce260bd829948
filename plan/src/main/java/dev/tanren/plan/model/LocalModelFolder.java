package dev.tanren.plan.model;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A model's folder on this machine.
public record LocalModelFolder(Path path) implements ModelFolder {

    @Override
    public boolean has(String name) {
        return Files.isRegularFile(path.resolve(name));
    }

    @Override
    public byte[] read(String name) {
        try {
            return Files.readAllBytes(path.resolve(name));
        } catch (IOException e) {
            throw unreadable(path.resolve(name), e);
        }
    }

    @Override
    public List<String> names() {
        try (Stream<Path> files = Files.list(path)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    @Override
    public String where(String name) {
        return path.resolve(name).toString();
    }

    private static TanrenException unreadable(Path where, IOException cause) {
        return new TanrenException(
                ErrorCode.MODEL_MISSING,
                "the model cannot be read: " + cause.getMessage(),
                where.toString(),
                "Check the permissions of the folder and its files.",
                cause);
    }
}
