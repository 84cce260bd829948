package dev.tanren.deploy.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.stack.StackProcesses;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Sends SIGKILL to a rank once the first phase of the domain's stage is well on its way, and to
/// the whole worker in the second.
public final class Saboteur {

    private final Supplier<List<Long>> workers;
    private final Consumer<String> say;
    private final List<Strike> strikes = new ArrayList<>();

    /// @param workers gives the process ids of the workers at this moment
    Saboteur(Supplier<List<Long>> workers, Consumer<String> say) {
        this.workers = workers;
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
            killTheWorker(view);
        }
    }

    private void killARank(RunView view) {
        workers.get().stream()
                .flatMap(worker -> StackProcesses.ranksOf(worker).stream())
                .reduce((first, second) -> second)
                .ifPresent(rank -> strike("rank", rank, view));
    }

    /// The one that is at work; the others have nothing to lose.
    private void killTheWorker(RunView view) {
        workers.get().stream()
                .filter(worker -> !StackProcesses.ranksOf(worker).isEmpty())
                .findFirst()
                .ifPresent(worker -> strike("worker", worker, view));
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
