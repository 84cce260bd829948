package dev.tanren.deploy.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Sends SIGKILL to a rank once the first phase of the domain's stage is well on its way, and to
/// the whole worker in the second.
public final class Saboteur {

    private static final String RANK_MAIN = "dev.tanren.trainer.rank.RankMain";

    private final LongSupplier worker;
    private final Consumer<String> say;
    private final List<Strike> strikes = new ArrayList<>();

    /// @param worker gives the process id of the worker
    Saboteur(LongSupplier worker, Consumer<String> say) {
        this.worker = worker;
        this.say = say;
    }

    /// A process that was killed.
    record Strike(String what, String stage, long step, Instant at) {}

    /// What a strike cost.
    ///
    /// @param recoverySeconds from the kill to the next finished step
    public record Cost(String what, long step, double recoverySeconds, long stepsRecomputed) {}

    /// Looks at the run and strikes when it is time.
    void look(RunView view) {
        if (!view.stage().equals(Demo.DOMAIN_STAGE) || !view.status().equals("running")) {
            return;
        }
        if (strikes.isEmpty() && view.phase().equals("short") && view.step() >= 27) {
            killARank(view);
        } else if (strikes.size() == 1 && view.phase().equals("long") && view.step() >= 73) {
            long pid = worker.getAsLong();
            strike("worker", pid, view);
        }
    }

    private void killARank(RunView view) {
        ProcessHandle.of(worker.getAsLong()).stream()
                .flatMap(ProcessHandle::descendants)
                .filter(process -> process.info().commandLine().orElse("").contains(RANK_MAIN))
                .reduce((first, second) -> second)
                .ifPresent(rank -> strike("rank", rank.pid(), view));
    }

    private void strike(String what, long pid, RunView view) {
        Optional<ProcessHandle> victim = ProcessHandle.of(pid);
        if (victim.isPresent() && victim.get().destroyForcibly()) {
            strikes.add(new Strike(what, view.stage(), view.step(), Instant.now()));
            say.accept(
                    "kill -9 of %s (process %d) at step %d of %s"
                            .formatted(what, pid, view.step(), view.stage()));
        }
    }

    /// What each strike cost, as the attempts of the finished run tell.
    List<Cost> costs(RunView view) {
        return strikes.stream().flatMap(strike -> cost(strike, view).stream()).toList();
    }

    private static Optional<Cost> cost(Strike strike, RunView view) {
        return view.attempts().stream()
                .filter(attempt -> attempt.path("stage").asText().equals(strike.stage()))
                .filter(attempt -> attempt.path("firstStepAt").isTextual())
                .filter(attempt -> instant(attempt, "startedAt").isAfter(strike.at()))
                .findFirst()
                .map(
                        attempt ->
                                new Cost(
                                        strike.what(),
                                        strike.step(),
                                        Duration.between(
                                                                strike.at(),
                                                                instant(attempt, "firstStepAt"))
                                                        .toMillis()
                                                / 1000.0,
                                        attempt.path("stepsRecomputed").asLong()));
    }

    private static Instant instant(JsonNode attempt, String field) {
        return Instant.parse(attempt.path(field).asText());
    }
}
