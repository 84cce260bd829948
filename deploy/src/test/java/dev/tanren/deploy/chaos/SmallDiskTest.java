package dev.tanren.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.tanren.plan.units.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Passed over where this user may not mount.
class SmallDiskTest {

    private static final ByteSize SIZE = new ByteSize(4L << 20);

    @TempDir private Path home;

    @Test
    void whatWasInTheFolderIsThereAndWhileItIsFullNothingElseFits() throws IOException {
        Path folder = Files.createDirectories(home.resolve("scratch/worker"));
        Files.writeString(folder.resolve("kept"), "as it was");
        try (SmallDisk disk = mounted(folder)) {
            assertThat(folder.resolve("kept")).hasContent("as it was");
            assertThat(Files.getFileStore(folder).getTotalSpace()).isEqualTo(SIZE.bytes());
            try (SmallDisk.Ballast _ = disk.fill()) {
                assertThat(disk.freeBytes()).isZero();
                assertThatThrownBy(() -> Files.writeString(folder.resolve("more"), "no room"))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("No space left on device");
                Files.delete(folder.resolve("kept"));
            }
            assertThat(Files.writeString(folder.resolve("more"), "room")).hasContent("room");
        }
        assertThat(folder).as("nothing is mounted any more").isEmptyDirectory();
    }

    private static SmallDisk mounted(Path folder) {
        try {
            return SmallDisk.inPlaceOf(folder, SIZE);
        } catch (NotPossibleHere e) {
            assertThat(folder.resolve("kept")).as("the folder is as it was").exists();
            return abort(e.toString());
        }
    }
}
