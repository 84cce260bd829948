package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.internal.PrivateFiles;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/// `stack.json`: written by the supervisor alone, read by everybody who looks for the stack.
public record StackFile(TanrenHome home) {

    /// What the file says; empty when there is none, or it is that of another version.
    public Optional<StackStatus> read() {
        try {
            StackStatus status = Json.read(Files.readString(home.stackFile()), StackStatus.class);
            return Optional.of(status).filter(it -> it.version() == StackStatus.VERSION);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IllegalArgumentException otherVersion) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The status while its supervisor lives.
    public Optional<StackStatus> readRunning() {
        return read().filter(status -> status.supervisor().alive());
    }

    public void write(StackStatus status) {
        PrivateFiles.write(home.stackFile(), Json.write(status));
    }
}
