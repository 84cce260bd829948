package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.deploy.stack.Secrets;
import dev.tanren.deploy.stack.TanrenHome;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TokenRotateTest extends CommandTest {

    @BeforeEach
    void answersWithANewSecret() {
        answers.put(
                "POST /tokens/self/rotate",
                new Answer(200, "{\"id\":\"a\",\"name\":\"admin\",\"token\":\"tnr_new\"}"));
    }

    @Test
    void theStacksTokenIsKeptForCommandsAndForTheNextStart() throws Exception {
        TanrenHome home = runStackAt(String.valueOf(environment.get("TANREN_SERVER")));
        Secrets before = Secrets.of(home);
        environment.remove("TANREN_TOKEN");

        Result rotated = run("token", "rotate");

        assertThat(rotated.exitCode()).isZero();
        assertThat(sent("POST /tokens/self/rotate").authorization())
                .isEqualTo("Bearer " + before.adminToken());
        assertThat(rotated.out() + rotated.err()).doesNotContain("tnr_new");
        assertThat(Secrets.of(home))
                .isEqualTo(
                        new Secrets(
                                before.databasePassword(),
                                before.superuserPassword(),
                                before.accessKey(),
                                before.secretKey(),
                                "tnr_new",
                                before.payloadKeys()));
        assertThat(Files.readString(home.adminToken())).isEqualTo("tnr_new\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.adminToken())))
                .isEqualTo("rw-------");
    }

    @Test
    void aTokenOfTheEnvironmentIsPrintedAndNothingIsWritten() {
        Result rotated = run("token", "rotate");
        assertThat(rotated.out()).isEqualTo("tnr_new\n");
        assertThat(TanrenHome.of(environment).adminToken()).doesNotExist();
        assertThat(run("token", "rotate", "--json").tree().path("token").asText())
                .isEqualTo("tnr_new");
    }

    @Test
    void whereTheServerRefusesEverythingStaysAsItWas() throws Exception {
        TanrenHome home = runStackAt(String.valueOf(environment.get("TANREN_SERVER")));
        Secrets before = Secrets.of(home);
        environment.remove("TANREN_TOKEN");
        answers.put("POST /tokens/self/rotate", problem(401, "TNR-6002"));

        assertThat(run("token", "rotate").exitCode()).isEqualTo(4);

        assertThat(Secrets.of(home)).isEqualTo(before);
    }
}
