package dev.tanren.activities.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.admission.PlanFolders;
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

    @Test
    void aPlanReadsItsOwnFolderWhereItWasAdmittedAndNoOtherPlanDoes() throws IOException {
        PlanFolders plans = new PlanFolders(folder.resolve("state/plan-folders"));
        FileRoots roots = new FileRoots(List.of(), folder.resolve("state"), plans);
        Plan plan = plan("notes.txt");
        Plan another = plan("project/b.txt");
        write("project/b.txt");
        assertRefused(roots.of(plan), "notes.txt", "may read no folder");

        plans.admit(plan, folder);

        assertThat(read(roots.of(plan), "notes.txt")).isTrue();
        assertRefused(roots.of(plan), ".ssh/key", "is hidden");
        assertRefused(roots.of(plan), "state/secrets.json", "state and secrets");
        assertRefused(roots.of(another), "notes.txt", "may read no folder");
        assertRefused(roots.of(another), "project/b.txt", "may read no folder");
        assertRefused(roots, "notes.txt", "may read no folder");
    }

    @Test
    void noPlansOwnFolderOpensTheFolderThatKeepsTheSecrets() {
        PlanFolders plans = new PlanFolders(folder.resolve("state/plan-folders"));
        FileRoots roots = new FileRoots(List.of(), folder.resolve("state"), plans);
        Plan plan = plan("state/logs/worker.log");

        plans.admit(plan, folder.resolve("state"));
        plans.admit(plan, folder.resolve("state/data"));

        assertRefused(roots.of(plan), "state/secrets.json", "may read no folder");
        assertRefused(roots.of(plan), "state/data/corpus/a.txt", "may read no folder");
    }

    private Plan plan(String data) {
        return PlanReader.read(
                        """
                        apiVersion: tanren.dev/v1
                        name: small
                        seed: 1
                        model: {base: "file:%s/base"}
                        datasets: {text: {sources: [{uri: "file:%s/%s"}]}}
                        stages:
                          - id: adapt
                            type: cpt
                            optimizer: {type: adamw, learningRate: 3e-4}
                            schedule: {type: constant, warmup: 0}
                            globalBatchTokens: 1Ki
                            microBatch: 2
                            phases: [{id: only, sequenceLength: 128, tokens: 10Ki, mix: {text: 1}}]
                            checkpoint: {everySteps: 5, keep: 2}
                        """
                                .formatted(folder, folder, data))
                .planOrThrow();
    }

    private boolean read(FileRoots roots, String name) {
        return roots.resolve("file:" + folder.resolve(name)).path().equals(folder.resolve(name));
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
