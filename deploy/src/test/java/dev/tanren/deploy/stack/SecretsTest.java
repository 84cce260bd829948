package dev.tanren.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {

    @TempDir private Path folder;

    @Test
    void theSecretsOfAHomeStayAndAreForItsOwnerAlone() throws Exception {
        TanrenHome home = new TanrenHome(folder.resolve("new"));

        Secrets made = Secrets.of(home);

        assertThat(Secrets.of(home)).isEqualTo(made);
        assertThat(made.payloadKeys()).matches("local:[0-9a-f]{64}");
        assertThat(made.superuserPassword()).isNotEqualTo(made.databasePassword());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.secretsFile())))
                .isEqualTo("rw-------");
    }

    @Test
    void aHomeOfAnEarlierVersionKeepsItsSecretsAndGetsThoseThatItLacks() throws Exception {
        TanrenHome home = new TanrenHome(folder);
        Files.writeString(
                home.secretsFile(),
                """
                {"databasePassword":"d","accessKey":"a","secretKey":"s","adminToken":"tnr_t"}
                """);

        Secrets secrets = Secrets.of(home);

        assertThat(secrets)
                .extracting(
                        Secrets::databasePassword,
                        Secrets::accessKey,
                        Secrets::secretKey,
                        Secrets::adminToken)
                .containsExactly("d", "a", "s", "tnr_t");
        assertThat(secrets.payloadKeys()).matches("local:[0-9a-f]{64}");
        assertThat(secrets.superuserPassword()).hasSize(48);
        assertThat(Secrets.of(home)).isEqualTo(secrets);
        assertThat(Files.readString(home.secretsFile())).contains(secrets.payloadKeys());
    }
}
