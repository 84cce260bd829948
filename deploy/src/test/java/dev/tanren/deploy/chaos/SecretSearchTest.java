package dev.tanren.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.objects.StoreScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretSearchTest {

    private static final SecretSearch SEARCH =
            new SecretSearch(Map.of("secretKey", "s3cr3t", "adminToken", "t0k3n"));
    private static final String OF_RUN =
            "TANREN_S3_ACCESS_KEY=" + new StoreScope("b", "runs/r/", List.of()).accessKey();

    @TempDir private Path folder;

    @Test
    void aRankWithKeysOfItsRunAndNoSecretIsAsItMustBe() throws IOException {
        assertThat(wrong("PATH=/bin\0" + OF_RUN + "\0TANREN_S3_SECRET_KEY=derived\0")).isEmpty();
    }

    @Test
    void anEnvironmentThatWasNotReadIsNotAsItMustBe() throws IOException {
        assertThat(SEARCH.wrongOfRank(folder.resolve("gone")))
                .singleElement()
                .asString()
                .startsWith("not read: ");
        assertThat(wrong("")).containsExactly("has no key of a run");
    }

    @Test
    void theStoresOwnKeysAndOtherSecretsAreNamed() throws IOException {
        assertThat(wrong("TANREN_S3_ACCESS_KEY=own\0TANREN_S3_SECRET_KEY=s3cr3t\0"))
                .containsExactly("has no key of a run", "has secretKey");
        assertThat(wrong(OF_RUN + "\0A=t0k3n\0")).containsExactly("has adminToken");
        assertThat(wrong("NOTE=tnr-run-\0")).containsExactly("has no key of a run");
    }

    private List<String> wrong(String environment) throws IOException {
        Path file = Files.writeString(folder.resolve("environ"), environment);
        return SEARCH.wrongOfRank(file).map(line -> line.replace(file + " ", "")).toList();
    }
}
