package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Experiments of `./tanren chaos` as a person makes them, in a row: ranks and the worker killed,
/// at work and while they save; a rank and the worker stopped; a bit of memory and a bit of a shard
/// changed; races, and tries at the doors. Those that take long are left to people; twenty kills at
/// moments of all kinds are `RandomKillsTest`'s.
class ChaosTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private Path home;

    @BeforeEach
    void aHomeOfItsOwn() throws Exception {
        home = Files.createTempDirectory("tnr");
    }

    @AfterEach
    void leavesNothing() throws Exception {
        EmbeddedStack.deleteTree(home);
    }

    @Test
    void whatIsInjectedIsSurvivedBitForBitAndToldRight() throws Exception {
        String seed = Long.toString(System.nanoTime());
        System.out.println("seed of the experiments: " + seed);

        EmbeddedStack.Result result =
                EmbeddedStack.tanrenIn(
                        home,
                        Duration.ofMinutes(30),
                        List.of(
                                        "chaos", "24", "22", "23", "16", "17", "12", "11", "3", "5",
                                        "2", "6", "--seed", seed, "--json")
                                .toArray(String[]::new));

        JsonNode found = JSON.readTree(result.lastLine());
        assertThat(failed(found)).as("with --seed %s: %s", seed, result.output()).isEmpty();
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(found.path("experiments")).hasSize(11);
        JsonNode told = found.path("toldRight");
        assertThat(told.path("right").asInt()).isEqualTo(told.path("of").asInt());
        for (String kind :
                List.of(
                        "preempted",
                        "rank crashed",
                        "hung",
                        "diverged",
                        "storage",
                        "data",
                        "configuration")) {
            assertThat(told.path("classes").path(kind).path("of").asInt()).as(kind).isPositive();
        }
    }

    private static List<String> failed(JsonNode found) {
        List<String> failed = new ArrayList<>();
        for (JsonNode experiment : found.path("experiments")) {
            assertThat(experiment.path("checks")).as("%s", experiment).isNotEmpty();
            for (JsonNode check : experiment.path("checks")) {
                if (!check.path("holds").asBoolean()) {
                    failed.add(experiment.path("number").asText() + ": " + check);
                }
            }
        }
        return failed;
    }
}
