package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Slips of whoever types or scripts a command: told before anything is asked of a server.
class SlipsTest extends CommandTest {

    /// `./tanren run get "$ID"`, where nothing has set it.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "get",
                "watch",
                "wait",
                "logs",
                "diagnose",
                "pause",
                "cancel --yes",
                "retry"
            })
    void anEmptyIdNamesNoRun(String command) {
        for (String id : new String[] {"", " ", ".."}) {
            List<String> words = new ArrayList<>(List.of(("run " + command).split(" ", -1)));
            words.add(id);

            Result result = run(words.toArray(String[]::new));

            assertThat(result.exitCode()).as("%s '%s'", command, id).isEqualTo(2);
            assertThat(result.err()).contains("TNR-7005", "./tanren run list");
        }
        assertThat(requests).isEmpty();
    }

    @Test
    void aMisspeltCommandIsToldTheOneThatIsMeant() {
        assertThat(run("statu").err()).contains("Did you mean: ./tanren status");
        assertThat(run("run", "cancle", "r1").err()).contains("Did you mean: ./tanren run cancel");
    }

    @Test
    void aRunThatHasEndedIsNotAskedAboutBeforeItCannotBeCancelled() {
        answers.put("GET /runs/r1", new Answer(200, "{\"run\":{\"status\":\"succeeded\"}}"));
        answers.put("POST /runs/r1/cancel", problem(409, "TNR-6005"));

        assertThat(run("run", "cancel", "r1").exitCode()).isEqualTo(5);
        assertThat(run("run", "cancel", "r1", "--dry-run").err())
                .contains("The run is succeeded; to cancel it, it must be one of: queued");
    }

    @Test
    void whatThisMachineDoesNotHaveIsPointedOutWithItsPlace() throws Exception {
        Path plan = Files.writeString(folder.resolve("plan.yaml"), PLAN);

        Result result = run("plan", "validate", plan.toString());

        assertThat(result.exitCode()).as("workers elsewhere may have it").isZero();
        assertThat(result.err())
                .contains("model.tokenizer: found file:./tokenizer.json", "[TNR-2001]")
                .containsPattern("line \\d+, column \\d+: datasets\\.\\w+\\.sources\\[0]\\.uri");
    }
}
