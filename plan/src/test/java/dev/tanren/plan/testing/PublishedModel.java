package dev.tanren.plan.testing;

import dev.tanren.plan.Architecture;
import java.util.Objects;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.params.aggregator.ArgumentsAccessor;
import org.junit.jupiter.params.aggregator.ArgumentsAggregator;

/// A model that others have published, with the number of its parameters: a line of
/// `/published-models.csv`, for `@CsvFileSource` with `@AggregateWith`.
public record PublishedModel(String name, Architecture shape, long parameters) {

    /// Makes one of the columns of a line.
    public static final class Line implements ArgumentsAggregator {
        @Override
        public PublishedModel aggregateArguments(ArgumentsAccessor line, ParameterContext context) {
            return new PublishedModel(
                    column(line, 0, String.class),
                    new Architecture(
                            column(line, 1, Architecture.Family.class),
                            column(line, 2, Integer.class),
                            column(line, 3, Integer.class),
                            column(line, 4, Integer.class),
                            column(line, 5, Integer.class),
                            column(line, 6, Integer.class),
                            column(line, 7, Integer.class),
                            column(line, 8, Integer.class),
                            column(line, 9, Boolean.class),
                            10_000,
                            1e-5,
                            1024),
                    column(line, 10, Long.class));
        }

        private static <T> T column(ArgumentsAccessor line, int index, Class<T> type) {
            return Objects.requireNonNull(line.get(index, type));
        }
    }
}
