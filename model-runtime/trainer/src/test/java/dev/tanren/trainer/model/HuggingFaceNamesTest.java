package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.model.ModelTensors;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.registry.Decoders;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HuggingFaceNamesTest {

    /// What an import is checked against is what a rank loads.
    @ParameterizedTest
    @EnumSource
    void everyFamilyLaysOutTheTensorsThatImportsAreCheckedFor(Architecture.Family family) {
        for (boolean tied : new boolean[] {true, false}) {
            for (Integer headSize : Arrays.asList(null, 12)) {
                if (headSize != null && family == Architecture.Family.GPT2) {
                    continue;
                }
                int keyValueHeads = family == Architecture.Family.GPT2 ? 4 : 2;
                Architecture architecture =
                        new Architecture(
                                family,
                                96,
                                32,
                                2,
                                4,
                                keyValueHeads,
                                48,
                                headSize,
                                tied,
                                1e4,
                                1e-5,
                                64);

                Map<String, List<Long>> laidOut =
                        Decoders.layout(architecture).entries().stream()
                                .collect(
                                        Collectors.toMap(
                                                ParameterLayout.Entry::name,
                                                entry ->
                                                        Arrays.stream(entry.shape())
                                                                .boxed()
                                                                .toList()));

                assertThat(ModelTensors.of(architecture)).isEqualTo(laidOut);
            }
        }
    }
}
