package dev.tanren.deploy.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.deploy.corpus.internal.JavaSource;
import dev.tanren.deploy.corpus.internal.Prose;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoCorpusTest {

    private static final String SOURCE =
            """
            /*
             * Licensed under the Apache License.
             */
            package a;

            /**
             * Joins {@code strings} with a {@link Separator separator} &amp; a prefix.
             *
             * <pre>
             * join("a", "b");
             * </pre>
             * @param first The first of the strings that are joined here.
             */
            class A {
                /** Too short. */
                String text = "/* no comment */"; /* stays */
                char quote = '"'; // a /** stays
            }
            """;

    @TempDir private Path folder;

    @Test
    void codeLosesHeaderAndDocumentationAndNothingElse() {
        assertThat(JavaSource.of(SOURCE).code())
                .isEqualTo(
                        """
                        package a;

                        class A {
                            String text = "/* no comment */"; /* stays */
                            char quote = '"'; // a /** stays
                        }
                        """);
    }

    @Test
    void proseIsSentencesWithoutTagsExamplesAndParameters() {
        JavaSource source = JavaSource.of(SOURCE);

        assertThat(source.comments()).hasSize(2);
        assertThat(Prose.paragraphs(source.comments().getFirst()))
                .containsExactly("Joins strings with a separator & a prefix.");
        assertThat(Prose.paragraphs(source.comments().getLast())).isEmpty();
    }

    @Test
    void anArchiveThatNamesAFileOutsideItselfIsRefused() throws IOException {
        Path archive = folder.resolve("bad.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive))) {
            zip.putNextEntry(new ZipEntry("../../out.java"));
            zip.write("class Out {}".getBytes(StandardCharsets.UTF_8));
        }

        assertThatThrownBy(() -> DemoCorpus.extract(List.of(archive), folder.resolve("target")))
                .hasMessageContaining("outside");
        assertThat(folder.resolve("out.java")).doesNotExist();
    }

    @Test
    void aMissingMavenIsToldAndLeavesNothingHalfMade() throws IOException {
        assertThatThrownBy(() -> DemoCorpus.prepare(folder, folder.resolve("mvn"), line -> {}))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.TOOL_MISSING));
        try (var left = Files.list(folder.resolve("corpus"))) {
            assertThat(left.map(file -> String.valueOf(file.getFileName())))
                    .noneMatch(name -> name.startsWith("making-") || name.startsWith("commons"));
        }
    }

    @Test
    void aMavenThatFailsIsToldInItsOwnWords() throws IOException {
        Path maven = folder.resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\necho '[ERROR] no route to the repository'\nexit 1\n");
        assertThat(maven.toFile().setExecutable(true)).isTrue();

        assertThatThrownBy(() -> DemoCorpus.prepare(folder, maven, line -> {}))
                .hasMessageContaining("no route to the repository")
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_MISSING));
    }
}
