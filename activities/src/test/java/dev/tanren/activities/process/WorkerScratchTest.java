package dev.tanren.activities.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With processes that are killed.
class WorkerScratchTest {

    @TempDir private Path parent;

    @Test
    void whatAKilledWorkerLeftIsRemovedAndWhatALivingOneHasStays() throws Exception {
        Process living = HoldsScratch.start(parent);
        Process killed = HoldsScratch.start(parent);
        try {
            Path ofLiving = Path.of(living.inputReader().readLine());
            Path ofKilled = Path.of(killed.inputReader().readLine());
            killed.destroyForcibly().waitFor();
            Path journal = Files.createDirectory(parent.resolve("journal"));
            assertThat(ofKilled.resolve("gang-7/rank-0/state")).exists();

            try (WorkerScratch scratch = WorkerScratch.open(parent)) {
                scratch.removeLeftBehind();

                assertThat(ofKilled).doesNotExist();
                assertThat(ofLiving.resolve("gang-7/rank-0/state")).exists();
                assertThat(scratch.folder()).exists();
                assertThat(journal).exists();
            }
            try (Stream<Path> left = Files.list(parent)) {
                assertThat(left)
                        .containsExactlyInAnyOrder(
                                journal,
                                ofLiving,
                                ofLiving.resolveSibling(ofLiving.getFileName() + ".lock"));
            }
        } finally {
            living.destroyForcibly().waitFor();
            killed.destroyForcibly().waitFor();
        }
    }
}
