package dev.tanren.controlplane.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.api.PlanTemplate;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.plan.validation.PlanReading;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlanTemplatesTest {

    private static final Path EXAMPLES = Path.of("../docs/examples").toAbsolutePath().normalize();

    @Test
    void everyExampleIsATemplateThatIsValidAndSaysWhatItIsFor() throws IOException {
        List<PlanTemplate> templates = new PlanTemplates(Optional.of(EXAMPLES)).all();

        try (var files = Files.list(EXAMPLES)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            templates.stream().map(it -> it.id() + ".yaml").toList());
        }
        assertThat(templates)
                .allSatisfy(
                        it -> {
                            assertThat(PlanReader.read(it.text().getBytes(StandardCharsets.UTF_8)))
                                    .as(it.id())
                                    .isInstanceOf(PlanReading.Valid.class);
                            assertThat(it.about()).hasSizeGreaterThan(20).doesNotContain("#");
                        });
    }

    @Test
    void whatComesWithTheRepositoryIsNamedWhereItLies() {
        List<PlanTemplate> templates = new PlanTemplates(Optional.of(EXAMPLES)).all();

        PlanTemplate first = templates.getFirst();
        assertThat(first.runsHere()).isTrue();
        assertThat(first.text())
                .contains("\"file:" + EXAMPLES.getParent() + "\"")
                .startsWith("# Trains a very small model")
                .doesNotContain("file:.");
        assertThat(templates)
                .filteredOn(it -> !it.runsHere())
                .extracting(PlanTemplate::id)
                .containsExactly("java-expert", "seven-billion");
    }

    @Test
    void whereTheExamplesAreNotOnTheWorkersMachineNothingIsSaidToRun() {
        assertThat(new PlanTemplates(Optional.empty()).all())
                .noneMatch(PlanTemplate::runsHere)
                .first()
                .satisfies(it -> assertThat(it.text()).contains("file:.."));
    }
}
