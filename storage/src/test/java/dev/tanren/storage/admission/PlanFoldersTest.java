package dev.tanren.storage.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tanren.plan.Plan;
import dev.tanren.plan.validation.PlanReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which plans a folder is open to.
class PlanFoldersTest {

    @TempDir private Path folder;

    @Test
    void aFolderIsOpenToPlansThatReadTheVerySameAndToNoOther() {
        PlanFolders folders = new PlanFolders(folder.resolve("plan-folders"));
        Plan plan = plan("a", "file:/home/u/corpus", "**/*.md", "file:/home/u/tokenizer.json");
        assertThat(folders.of(plan)).isEmpty();

        folders.admit(plan, Path.of("/home/u"));

        assertThat(folders.of(plan)).containsExactly(Path.of("/home/u"));
        assertThat(folders.of(plan("b", "file:/home/u/corpus", "**/*.md", tokenizer("u"))))
                .as("another name, the same sources")
                .containsExactly(Path.of("/home/u"));
        assertThat(folders.of(plan("a", "file:/home/u/corpus", "**/*.java", tokenizer("u"))))
                .isEmpty();
        assertThat(folders.of(plan("a", "file:/home/u/diary", "**/*.md", tokenizer("u"))))
                .isEmpty();
        assertThat(folders.of(plan("a", "file:/home/u/corpus", "**/*.md", tokenizer("v"))))
                .isEmpty();
    }

    @Test
    void oneAdmissionTakesNoOtherAwayAndTheRecordsAreForTheirUserAlone() throws Exception {
        Path records = folder.resolve("plan-folders");
        Plan plan = plan("a", "file:/home/u/corpus", "**/*", "file:/home/u/tokenizer.json");

        new PlanFolders(records).admit(plan, Path.of("/home/u"));
        new PlanFolders(records).admit(plan, Path.of("/home"));
        new PlanFolders(records).admit(plan, Path.of("/home/u"));

        assertThat(new PlanFolders(records).of(plan))
                .containsExactly(Path.of("/home"), Path.of("/home/u"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(records)))
                .isEqualTo("rwx------");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PlanFolders(records).admit(plan, Path.of("home")));
    }

    @Test
    void anAdmissionThatIsWithdrawnMeanwhileTakesNoOtherAway() throws Exception {
        Path records = folder.resolve("plan-folders");
        Plan plan = plan("a", "file:/home/u/corpus", "**/*", "file:/home/u/tokenizer.json");
        PlanFolders folders = new PlanFolders(records);
        folders.admit(plan, Path.of("/home"));
        Path ofPlan;
        try (Stream<Path> plans = Files.list(records)) {
            ofPlan = plans.toList().getFirst();
        }
        for (int i = 0; i < 20; i++) {
            // It is listed, and not there when it is to be read.
            Files.createSymbolicLink(ofPlan.resolve("withdrawn-" + i), folder.resolve("none"));
        }

        assertThat(folders.of(plan)).containsExactly(Path.of("/home"));
    }

    private static String tokenizer(String user) {
        return "file:/home/" + user + "/tokenizer.json";
    }

    private static Plan plan(String name, String data, String include, String tokenizer) {
        return PlanReader.read(
                        """
                        apiVersion: tanren.dev/v1
                        name: %s
                        seed: 1
                        model:
                          architecture: {family: llama, vocabSize: 512, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2, intermediateSize: 128}
                          tokenizer: "%s"
                        datasets:
                          code: {sources: [{uri: "%s", include: "%s"}]}
                        stages:
                          - id: base
                            type: pretrain
                            optimizer: {type: adamw, learningRate: 3e-4}
                            schedule: {type: constant, warmup: 0}
                            globalBatchTokens: 1Ki
                            microBatch: 2
                            phases: [{id: only, sequenceLength: 128, tokens: 10Ki, mix: {code: 1}}]
                            checkpoint: {everySteps: 5, keep: 2}
                        """
                                .formatted(name, tokenizer, data, include))
                .planOrThrow();
    }
}
