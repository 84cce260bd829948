package dev.tanren.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file under `docs/` that is generated from the code and committed.
public final class GeneratedDocument {

    private GeneratedDocument() {}

    /// Fails when the committed file is not what the code says; with `-Dtanren.docs.write=true` it
    /// writes the file instead.
    public static void assertCommitted(String name, String expected) throws IOException {
        Path file = Path.of("..", "docs", name);
        if (Boolean.getBoolean("tanren.docs.write")) {
            Files.writeString(file, expected);
        }
        assertThat(file)
                .as(
                        "docs/%s is generated; regenerate it with: mvn -pl plan test"
                                + " -Dtest='*DocumentationTest' -Dtanren.docs.write=true",
                        name)
                .exists();
        assertThat(Files.readString(file))
                .as(
                        "docs/%s is generated; regenerate it with: mvn -pl plan test"
                                + " -Dtest='*DocumentationTest' -Dtanren.docs.write=true",
                        name)
                .isEqualTo(expected);
    }
}
