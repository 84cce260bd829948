package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.deploy.stack.TanrenHome;
import java.nio.file.Files;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Which server a command talks to, and which token that server gets to see.
class ServerChoiceTest extends CommandTest {

    private String console = "";

    @BeforeEach
    void aStackRunsWithATokenOfItsOwn() throws Exception {
        console = Objects.requireNonNull(environment.remove("TANREN_SERVER"));
        environment.remove("TANREN_TOKEN");
        answers.put("GET /runs", new Answer(200, "{\"items\":[]}"));
        stackAt(console);
    }

    private void stackAt(String address) throws Exception {
        TanrenHome home = runStackAt(address);
        Files.writeString(home.adminToken(), "tnr_local\n");
    }

    @Test
    void theLocalTokenGoesToTheLocalStackNamedOrNot() {
        assertThat(run("run", "list").exitCode()).isZero();
        assertThat(sent("GET /runs").authorization()).isEqualTo("Bearer tnr_local");
        requests.clear();

        environment.put("TANREN_SERVER", console + "/");

        assertThat(run("run", "list").exitCode()).isZero();
        assertThat(sent("GET /runs").authorization()).isEqualTo("Bearer tnr_local");
    }

    @Test
    void anotherServerIsNotShownTheLocalTokenAndATokenIsAskedFor() throws Exception {
        stackAt("http://127.0.0.1:1");
        environment.put("TANREN_SERVER", console);

        Result result = run("run", "list");

        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.err()).contains("TNR-6002", console, "TANREN_TOKEN");
        assertThat(requests).isEmpty();
        environment.put("TANREN_TOKEN", "tnr_theirs");
        assertThat(run("run", "list").exitCode()).isZero();
        assertThat(sent("GET /runs").authorization()).isEqualTo("Bearer tnr_theirs");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://tanren.example.org",
                "http://192.0.2.7:7420",
                "http://127.0.0.1.example.org",
                "http://127.0.0.1@example.org"
            })
    void noTokenGoesOverPlainHttpToAnotherMachine(String address) {
        environment.put("TANREN_SERVER", address);
        environment.put("TANREN_TOKEN", "tnr_theirs");

        Result result = run("run", "list");

        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.err()).contains("TNR-7006", address, "https").doesNotContain("tnr_");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1:7420",
                "localhost:7420",
                "tanren.example.org",
                "//host",
                "ftp://host",
                "http://",
                "http://a b"
            })
    void anAddressWithoutASchemeIsAMistakeThatSaysHowItIsWritten(String address) {
        environment.put("TANREN_SERVER", address);
        environment.put("TANREN_TOKEN", "tnr_theirs");

        Result result = run("run", "list");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("TNR-7005", "TANREN_SERVER", address, "https://");
    }
}
