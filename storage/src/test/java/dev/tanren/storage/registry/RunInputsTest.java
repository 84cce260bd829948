package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.plan.testing.SmallPlans;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RunInputsTest extends RegistryTest {

    @Test
    void whatIsRecordedFirstStaysAndComesBackAsItWas() {
        TrainedOn first = trainedOn("datasets/one/manifest.json");

        assertThat(registry.inputs().find(RUN)).isEmpty();
        assertThat(registry.inputs().fix(RUN, first)).isEqualTo(first);
        assertThat(registry.inputs().fix(RUN, trainedOn("datasets/two/manifest.json")))
                .isEqualTo(first);
        assertThat(registry.inputs().find(RUN)).contains(first);
    }

    @Test
    void ofManyWritersAtOnceOneDecidesAndAllAreToldTheSame() throws Exception {
        List<Callable<TrainedOn>> writers =
                IntStream.range(0, 16)
                        .<Callable<TrainedOn>>mapToObj(
                                writer ->
                                        () ->
                                                registry.inputs()
                                                        .fix(
                                                                RUN,
                                                                trainedOn(
                                                                        "datasets/"
                                                                                + writer
                                                                                + "/manifest.json")))
                        .toList();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<TrainedOn> told : threads.invokeAll(writers)) {
                assertThat(registry.inputs().find(RUN)).contains(told.get());
            }
        }
    }

    @Test
    void theFoldersOfEveryRunsInputsAreNamed() {
        registry.inputs().fix(RUN, trainedOn("datasets/one/manifest.json"));
        registry.inputs()
                .fix(
                        "02run",
                        Inputs.of(
                                SmallPlans.ARCHITECTURE,
                                "models/base/tokenizer.json",
                                "models/base/",
                                Map.of("a", "datasets/one/manifest.json", "b", "datasets/two/m")));

        assertThat(registry.inputs().prefixes())
                .containsExactly("datasets/one/", "datasets/two/", "models/base/", "models/t/");
    }

    private static TrainedOn trainedOn(String manifestKey) {
        return Inputs.of(SmallPlans.ARCHITECTURE, Map.of("code", manifestKey));
    }
}
