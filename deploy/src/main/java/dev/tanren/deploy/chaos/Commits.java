package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Every commit of a checkpoint of one run, those that are no longer kept among them.
record Commits(List<Commit> all) {

    record Commit(long step, int attempt, Instant at) {}

    /// Reads them in the stack's database, as its control plane does.
    static Commits of(Laboratory laboratory, String run) throws InterruptedException {
        try (PostgresRegistry registry =
                PostgresRegistry.connect(
                        DatabaseAddress.from(
                                StackProcesses.environmentOf(laboratory.part("control-plane"))))) {
            return new Commits(
                    registry.events().ofTypes(run, Set.of("checkpoint.committed")).stream()
                            .map(
                                    event ->
                                            new Commit(
                                                    number(event.data().get("step")),
                                                    (int) number(event.data().get("attempt")),
                                                    event.at()))
                            .toList());
        }
    }

    private static long number(@Nullable Object value) {
        return ((Number) Objects.requireNonNull(value)).longValue();
    }

    /// Checks that each step was committed once, by the attempt that it was of: none that went on
    /// after an earlier step left it to be computed again.
    void checkOwners(RunView run, Findings findings) {
        List<String> wrong = new ArrayList<>();
        Set<Long> seen = new HashSet<>();
        for (Commit commit : all) {
            if (!seen.add(commit.step())) {
                wrong.add("step " + commit.step() + " twice");
            }
            for (JsonNode later : run.attempts()) {
                if (later.path("attempt").asInt() > commit.attempt()
                        && later.path("resumeStep").asLong() < commit.step()) {
                    wrong.add("step %d of attempt %d".formatted(commit.step(), commit.attempt()));
                }
            }
        }
        findings.check(
                "each step is committed once, none by an attempt that another had replaced",
                wrong.isEmpty() && !all.isEmpty(),
                wrong.isEmpty()
                        ? all.stream().map(it -> it.step() + " of attempt " + it.attempt()).toList()
                        : wrong);
    }
}
