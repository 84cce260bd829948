package dev.tanren.activities.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.testing.MemoryObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is stored of a file whose name comes to mean another one.
class TransferTest {

    @TempDir private Path folder;
    private final MemoryObjectStore store = new MemoryObjectStore();
    private Path weights = Path.of("");
    private Path secret = Path.of("");

    @BeforeEach
    void aModelsFileAndASecretBesideTheRoot() throws IOException {
        folder = folder.toRealPath();
        weights = Files.createDirectories(folder.resolve("root")).resolve("model.safetensors");
        Files.writeString(weights, "weights");
        secret = Files.writeString(folder.resolve("secret"), "secret!");
    }

    @Test
    void aFileThatBecameALinkIsNotStored() throws IOException {
        SourceContent file = file();
        becomeALink();

        assertThatThrownBy(() -> transfer().put("k", file, bytes -> {}, (what, done) -> {}))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE))
                .hasMessageContaining("became a link");
        assertThat(store.find("k")).isEmpty();
    }

    @Test
    void whatIsStoredIsWhatWasLookedInto() {
        transfer().put("k", file(), bytes -> becomeALink(), (what, done) -> {});

        assertThat(new String(store.get("k"), StandardCharsets.UTF_8)).isEqualTo("weights");
    }

    private void becomeALink() {
        try {
            Files.delete(weights);
            Files.createSymbolicLink(weights, secret);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private SourceContent file() {
        SourceBuckets none =
                new SourceBuckets(
                        List.of(),
                        bucket -> {
                            throw new IllegalStateException("nobody asks for bucket " + bucket);
                        });
        return new Sources(new FileRoots(List.of(folder.resolve("root"))), none)
                .file("file:" + weights, "model.safetensors");
    }

    private Transfer transfer() {
        return new Transfer(store, folder.resolve("scratch"));
    }
}
