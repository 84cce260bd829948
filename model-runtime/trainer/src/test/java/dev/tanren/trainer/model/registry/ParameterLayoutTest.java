package dev.tanren.trainer.model.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.planner.ParameterCount;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// What the planner counts is what the trainer lays out, for models that others have published.
class ParameterLayoutTest {

    @ParameterizedTest
    @CsvFileSource(resources = "/published-models.csv", useHeadersInDisplayName = true)
    void aModelHasTheParametersThatWerePublishedAndThatThePlannerCounts(
            String name,
            Architecture.Family family,
            int vocabulary,
            int hidden,
            int layers,
            int heads,
            int keyValueHeads,
            int intermediate,
            int headSize,
            boolean tied,
            long published) {
        Architecture architecture =
                new Architecture(
                        family,
                        vocabulary,
                        hidden,
                        layers,
                        heads,
                        keyValueHeads,
                        intermediate,
                        headSize,
                        tied,
                        10_000,
                        1e-5,
                        1024);
        ParameterCount counted = ParameterCount.of(architecture);
        ParameterLayout layout = Decoders.layout(architecture);
        assertThat(layout.elements()).as(name).isEqualTo(published).isEqualTo(counted.total());
        assertThat(elements(layout, ParameterLayout.Role.EMBEDDING))
                .as(name)
                .isEqualTo(counted.embedding() + counted.positions());
        assertThat(elements(layout, ParameterLayout.Role.HEAD)).as(name).isEqualTo(counted.head());
    }

    private static long elements(ParameterLayout layout, ParameterLayout.Role role) {
        return layout.entries().stream()
                .filter(entry -> entry.role() == role)
                .mapToLong(ParameterLayout.Entry::elements)
                .sum();
    }
}
