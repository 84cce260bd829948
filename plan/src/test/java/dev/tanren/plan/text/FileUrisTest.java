package dev.tanren.plan.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FileUrisTest {

    private static final Path PLAN = Path.of("/plans/a/plan.yaml");

    @Test
    void onlyRelativeUrisChangeAndEverythingAroundThemStays() {
        String text =
                """
                # 鍛錬 😀: file:./not-this
                one: file:./x   # kept
                two: 'file:../y z'
                three: [file:a, "file:/abs", s3://models/x, &anchor file:b]
                four: *anchor
                five: >-
                  file:c
                six: last
                """;

        assertThat(FileUris.absolute(text, PLAN))
                .isEqualTo(
                        """
                        # 鍛錬 😀: file:./not-this
                        one: "file:/plans/a/x"   # kept
                        two: "file:/plans/y z"
                        three: ["file:/plans/a/a", "file:/abs", s3://models/x, &anchor "file:/plans/a/b"]
                        four: *anchor
                        five: "file:/plans/a/c"
                        six: last
                        """);
    }

    @Test
    void jsonStaysJson() {
        assertThat(FileUris.absolute("{\"uri\":\"file:./x\",\"n\":1}", PLAN))
                .isEqualTo("{\"uri\":\"file:/plans/a/x\",\"n\":1}");
    }

    @Test
    void aTextWithoutUrisIsLeftAlone() {
        assertThat(FileUris.absolute("name: x\n", PLAN)).isEqualTo("name: x\n");
    }
}
