package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Recovery;
import dev.tanren.controlplane.api.Situation;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Metrics.LastStep;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The one place where it is said how a run stands: every page, answer and command shows this.
///
/// It is computed from what is recorded: the run and its stages, attempts with their ends, events,
/// the last steps of the ranks, the workers' announcements, and which parts of the platform answer.
@Singleton
public class Situations {

    /// Enough to reach back behind a long row of failed attempts.
    private static final int EVENTS = 200;

    private final PostgresRegistry registry;
    private final Supplier<Map<String, Instant>> away;
    private final InstantSource clock;

    @Inject
    Situations(PostgresRegistry registry, PlatformHealth health) {
        this(registry, health::away, InstantSource.system());
    }

    /// @param away parts of the platform that do not answer, and since when
    Situations(
            PostgresRegistry registry, Supplier<Map<String, Instant>> away, InstantSource clock) {
        this.registry = registry;
        this.away = away;
        this.clock = clock;
    }

    /// What a resume or retry would cost is estimated from the registry alone.
    public Situation of(Run run) {
        return of(run, null);
    }

    /// @param recovery what a resume or retry would do; null where that is to be estimated
    public Situation of(Run run, @Nullable Recovery recovery) {
        Facts facts = facts(run);
        Draft draft = new Standing(facts).draft();
        Draft told = draft.with(new Troubles(facts).evidence(draft.trouble() != null));
        LastStep last = facts.lastStep().orElse(null);
        return new Situation(
                told.state(),
                told.headline(),
                told.since(),
                told.trouble(),
                told.evidence(),
                last == null ? null : last.step(),
                last == null ? null : last.at(),
                last == null ? null : facts.ago(last.at()).toMillis() / 1000.0,
                told.doing() + meanwhile(facts),
                new Options(facts, recovery).of(told));
    }

    /// What becomes of a run that is not over while parts of the platform do not answer.
    private static String meanwhile(Facts facts) {
        if (facts.run().status().terminal()) {
            return "";
        }
        return facts.away().keySet().stream()
                .flatMap(part -> PlatformPart.of(part).stream())
                .map(part -> "; " + part.named() + " is away: " + part.meanwhile())
                .collect(Collectors.joining());
    }

    private Facts facts(Run run) {
        Plan plan = Json.read(run.planJson(), Plan.class);
        StageRow stage = stage(registry.runs().stages(run.runId())).orElse(null);
        List<Attempt> attempts = List.of();
        List<LastStep> steps = List.of();
        if (stage != null) {
            attempts =
                    registry.attempts().list(run.runId()).stream()
                            .filter(attempt -> attempt.stageId().equals(stage.stageId()))
                            .toList();
            int ranks = attempts.isEmpty() ? 0 : attempts.getLast().ranks();
            steps =
                    ranks == 0
                            ? List.of()
                            : registry.metrics().lastSteps(run.runId(), stage.stageId(), ranks);
        }
        return new Facts(
                clock.instant(),
                run,
                plan,
                stage,
                attempts,
                registry.events().newest(run.runId(), Facts.EVENTS, EVENTS),
                registry.workers().list(),
                steps,
                stage == null
                        ? null
                        : registry.checkpoints().list(run.runId(), stage.stageId()).stream()
                                .findFirst()
                                .orElse(null),
                stage == null
                        ? null
                        : RecentSteps.of(
                                        registry.metrics(),
                                        run.runId(),
                                        stage.stageId(),
                                        stage.step())
                                .secondsPerStep(),
                away.get());
    }

    /// The one at work, else the first that is not finished, else the last that trained.
    private static Optional<StageRow> stage(List<StageRow> stages) {
        return stages.stream()
                .filter(stage -> stage.status() == StageState.RUNNING)
                .findFirst()
                .or(
                        () ->
                                stages.stream()
                                        .filter(stage -> stage.status() != StageState.SUCCEEDED)
                                        .findFirst())
                .or(
                        () ->
                                stages.stream()
                                        .filter(stage -> stage.totalSteps() > 0)
                                        .reduce((first, second) -> second));
    }
}
