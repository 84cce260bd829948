package dev.tanren.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ExperimentsTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @Test
    void eachOfTheTwentyFiveFaultsIsThereOnce() {
        assertThat(Experiments.all(100))
                .extracting(Experiment::number)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 25).boxed().toList());
    }

    @Test
    void everyTestThatAnExperimentNamesIsThere() throws IOException {
        Set<String> there;
        try (Stream<Path> files = Files.walk(ROOT)) {
            there =
                    files.map(file -> ROOT.relativize(file).toString())
                            .filter(file -> file.contains("src/test/java/"))
                            .filter(file -> file.endsWith("Test.java"))
                            .map(file -> file.replaceFirst(".*/(\\w+)\\.java", "$1"))
                            .collect(Collectors.toSet());
        }
        for (Experiment experiment : Experiments.all(100)) {
            if (experiment instanceof Experiment.InTests tests) {
                assertThat(there)
                        .as("experiment %d", experiment.number())
                        .containsAll(List.of(tests.tests().split(", ", -1)));
            }
        }
    }

    @Test
    void whatWasFoundDecidesWhetherAnExperimentHolds() {
        Findings findings = new Findings(line -> {});
        assertThat(findings.hold()).as("nothing was looked at").isFalse();
        findings.check("a step", true, 1);
        findings.told("now", "run get", "Rank 1 was stopped");
        findings.checkTold("which rank", "rank 1", "STOPPED");
        assertThat(findings.hold()).isTrue();
        findings.checkTold("which worker", "worker");
        assertThat(findings.hold()).isFalse();
    }
}
