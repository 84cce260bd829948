package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A submission whose answer gets lost.
class SubmissionTest extends CommandTest {

    private static final Answer STARTED = new Answer(201, "{\"id\":\"r1\"}");
    private String plan = "";

    @BeforeEach
    void writesAPlan() throws Exception {
        Path file = folder.resolve("plan.yaml");
        Files.writeString(file, PLAN);
        plan = file.toString();
    }

    private List<String> keys() {
        return received.stream().map(Request::idempotencyKey).toList();
    }

    @Test
    void aRequestWhoseAnswerWasLostIsSentAgainUnderItsOwnKey() {
        inTurn.put("POST /runs", List.of(LOST, problem(409, "TNR-6009"), STARTED).iterator());

        Result result = run("run", "submit", plan);

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo("r1\n");
        assertThat(keys()).hasSize(3).doesNotContainNull();
        assertThat(keys().stream().distinct()).hasSize(1);
    }

    @Test
    void everyInvocationHasAKeyOfItsOwn() {
        answers.put("POST /runs", STARTED);

        run("run", "submit", plan);
        run("run", "submit", plan);

        assertThat(keys()).hasSize(2).doesNotHaveDuplicates();
    }

    @Test
    void whatTheServerRefusesIsNotSentAgain() {
        answers.put("POST /runs", problem(409, "TNR-6006"));

        assertThat(run("run", "submit", plan, "--idempotency-key", "k1").exitCode()).isEqualTo(5);

        assertThat(keys()).containsExactly("k1");
    }

    @Test
    void aServerThatIsNotThereIsNotAskedAgain() {
        server.stop(0);

        Result result = run("run", "submit", plan);

        assertThat(result.err()).contains("TNR-7003").doesNotContain("asking again");
    }
}
