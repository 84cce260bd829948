package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativesExtractionTest {

    @TempDir private Path natives;

    @Test
    void librariesOfOtherBuildsAreRemovedAndThoseOfThisOneStay() throws Exception {
        Path before = folder("pytorch-2.9.0-linux-x86_64.jar/org/bytedeco");
        Path now = folder("pytorch-2.10.0-linux-x86_64.jar/org/bytedeco");
        Path other = folder("pytorch/2.7.1-cpu");

        NativesExtraction.removeOtherBuilds(
                natives, List.of(Path.of("/lib/pytorch-2.10.0-linux-x86_64.jar")));

        assertThat(Objects.requireNonNull(before.getParent()).getParent()).doesNotExist();
        assertThat(now.resolve("library.so")).exists();
        assertThat(other.resolve("library.so")).exists();
    }

    private Path folder(String name) throws Exception {
        Path folder = Files.createDirectories(natives.resolve(name));
        Files.writeString(folder.resolve("library.so"), "code");
        return folder;
    }
}
