package dev.tanren.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What every plan may read in the embedded stack.
class FileFoldersTest {

    @Test
    void neitherTheCheckoutNorAnyFolderThatNobodyNamedIsReadable() {
        TanrenHome home = new TanrenHome(Path.of("/home/u/.tanren"));
        Installation installation =
                new Installation(
                        Path.of("/src/tanren"), Path.of("/b"), Path.of("/j"), Path.of("/t"));

        assertThat(FileFolders.ofStack(home, installation, List.of()))
                .containsExactly(
                        Path.of("/home/u/.tanren/data"),
                        Path.of("/src/tanren/docs"),
                        Path.of("/src/tanren/plan/src/main/java"),
                        Path.of("/src/tanren/deploy/src/main/resources/corpus"));
        assertThat(FileFolders.ofStack(home, installation, List.of(Path.of("/corpora"))))
                .contains(Path.of("/corpora"));
    }
}
