package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Errors have the form that the data is asked for in.
class ErrorFormTest extends CommandTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"--json", "-o json", "-ojson", "-o=JSON", "--output json", "--output=json"})
    void anErrorIsOneLineOfJsonWhereTheDataIs(String form) {
        answers.put("GET /runs/r1", problem(404, "TNR-6004"));

        Result result = run(("run get r1 " + form).split(" "));

        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err().lines()).hasSize(1);
        JsonNode error = Json.read(result.err(), JsonNode.class);
        assertThat(error.path("code").asText()).isEqualTo("TNR-6004");
        assertThat(error.path("what").asText()).isEqualTo("what it was");
        assertThat(error.path("where").asText()).isEqualTo("there");
        assertThat(error.path("mend").asText()).isEqualTo("so");
    }

    @Test
    void aMistakeInTheCommandLineHasTheFormToo() {
        Result result = run("run", "list", "--json", "--no-such-option");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(Json.read(result.err(), JsonNode.class).path("code").asText())
                .isEqualTo("TNR-7005");
    }

    @Test
    void anErrorIsYamlUnderYamlAndTextOtherwise() {
        answers.put("GET /runs/r1", problem(404, "TNR-6004"));

        assertThat(run("run", "get", "r1", "-o", "yaml").err())
                .startsWith("code: TNR-6004\nwhat: what it was\n");
        assertThat(run("run", "get", "r1", "-o", "table").err()).startsWith("TNR-6004 what it was");
        assertThat(run("run", "get", "r1").err()).startsWith("TNR-6004 what it was");
    }
}
