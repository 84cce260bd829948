package dev.tanren.activities.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What lies below a folder that plans may read, and still may not be read.
class FileRootsTest {

    @TempDir private Path folder;

    @BeforeEach
    void aUsersFolders() throws IOException {
        folder = folder.toRealPath();
        write("notes.txt");
        write(".ssh/key");
        write("project/.env");
        write(".tanren/secrets.json");
        write(".tanren/data/corpus/a.txt");
        write("state/secrets.json");
        write("state/data/corpus/a.txt");
    }

    @Test
    void hiddenNamesAreReadWhereARootSaysSoAlone() throws IOException {
        Files.createSymbolicLink(folder.resolve("plain"), folder.resolve(".ssh/key"));
        FileRoots roots = new FileRoots(List.of(folder, folder.resolve(".tanren/data")));

        assertThat(read(roots, "notes.txt")).isTrue();
        assertThat(read(roots, ".tanren/data/corpus/a.txt")).isTrue();
        for (String hidden :
                List.of(".ssh/key", ".ssh", "plain", "project/.env", ".tanren/secrets.json")) {
            assertRefused(roots, hidden, "is hidden");
        }
    }

    @Test
    void theFolderThatKeepsTheSecretsIsClosedWhateverItIsCalled() {
        FileRoots roots =
                new FileRoots(
                        List.of(folder, folder.resolve("state/data")), folder.resolve("state"));

        assertThat(read(roots, "notes.txt")).isTrue();
        assertThat(read(roots, "state/data/corpus/a.txt")).isTrue();
        assertRefused(roots, "state/secrets.json", "state and secrets");
        assertRefused(roots, "state", "state and secrets");
    }

    @Test
    void aRootThatIsTheClosedFolderItselfOpensNothingOfIt() {
        FileRoots roots = new FileRoots(List.of(folder.resolve("state")), folder.resolve("state"));

        assertRefused(roots, "state/secrets.json", "state and secrets");
    }

    private boolean read(FileRoots roots, String name) {
        return roots.resolve("file:" + folder.resolve(name)).equals(folder.resolve(name));
    }

    private void assertRefused(FileRoots roots, String name, String why) {
        assertThatThrownBy(() -> roots.resolve("file:" + folder.resolve(name)))
                .hasMessageContaining(why)
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE));
    }

    private void write(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.resolveSibling("."));
        Files.writeString(file, name);
    }
}
