package dev.tanren.trainer.model.family;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.plan.planner.ParameterCount;
import dev.tanren.plan.testing.PublishedModel;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.aggregator.AggregateWith;
import org.junit.jupiter.params.provider.CsvFileSource;

/// What the planner counts is what the trainer lays out, for models that others have published.
class ParameterLayoutTest {

    @ParameterizedTest
    @CsvFileSource(resources = "/published-models.csv", useHeadersInDisplayName = true)
    void aModelHasTheParametersThatWerePublishedAndThatThePlannerCounts(
            @AggregateWith(PublishedModel.Line.class) PublishedModel model) {
        String name = model.name();
        ParameterCount counted = ParameterCount.of(model.shape());
        ParameterLayout layout = ParameterLayout.of(model.shape());
        assertThat(layout.elements())
                .as(name)
                .isEqualTo(model.parameters())
                .isEqualTo(counted.total());
        assertThat(elements(layout, Role.EMBEDDING))
                .as(name)
                .isEqualTo(counted.embedding() + counted.positions());
        assertThat(elements(layout, Role.HEAD)).as(name).isEqualTo(counted.head());
    }

    private static long elements(ParameterLayout layout, Role role) {
        return layout.entries().stream()
                .filter(entry -> entry.role() == role)
                .mapToLong(ParameterLayout.Entry::elements)
                .sum();
    }
}
