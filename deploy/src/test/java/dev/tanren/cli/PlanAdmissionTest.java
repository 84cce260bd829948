package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.Plan;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.admission.PlanFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Whose plans may read the folder that they lie in.
class PlanAdmissionTest extends CommandTest {

    private Path plan = Path.of("");

    @BeforeEach
    void aPlanInAFolder() throws Exception {
        answers.put("POST /runs", new Answer(201, "{\"id\":\"r1\"}"));
        answers.put("POST /plans/explain", new Answer(200, "{\"stages\":[]}"));
        plan = Files.createDirectories(folder.resolve("plans")).resolve("plan.yaml");
        Files.writeString(plan, PLAN);
        Files.writeString(plan.resolveSibling("tokenizer.json"), "{}");
        Files.createDirectories(folder.resolve("corpus"));
    }

    private String server() {
        return environment.getOrDefault("TANREN_SERVER", "");
    }

    @Test
    void aPlanSubmittedToTheStackOfThisHomeMayReadTheFolderItLiesIn() throws Exception {
        TanrenHome home = runStackAt(server());

        assertThat(run("run", "submit", plan.toString()).exitCode()).isZero();

        Plan sent = PlanReader.read(sent("POST /runs").body()).planOrThrow();
        assertThat(new PlanFolders(home.planFolders()).of(sent))
                .containsExactly(plan.toRealPath().getParent());
    }

    /// The run would fail with it: the workers of this stack see what this machine has.
    @Test
    void aPlanThatNamesWhatThisMachineDoesNotHaveIsNotSentToItsStack() throws Exception {
        runStackAt(server());
        Files.delete(plan.resolveSibling("tokenizer.json"));

        Result result = run("run", "submit", plan.toString());

        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.err()).contains("TNR-2001", "model.tokenizer", "nothing was submitted");
        assertThat(requests).doesNotContainKey("POST /runs");
    }

    @Test
    void aPlanForAnotherServerAndOneThatIsOnlyLookedAtAreAdmittedToNothing() throws Exception {
        TanrenHome home = runStackAt("http://127.0.0.1:1");
        assertThat(run("run", "submit", plan.toString()).exitCode()).isZero();
        assertThat(home.planFolders()).doesNotExist();

        home = runStackAt(server());
        assertThat(run("run", "submit", plan.toString(), "--dry-run").exitCode()).isZero();
        assertThat(home.planFolders()).doesNotExist();
    }
}
