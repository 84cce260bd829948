package dev.tanren.controlplane.live;

import dev.tanren.controlplane.live.StreamPosition.Step;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The steps of a run in the order in which they are computed, of one training stage after the
/// other. Steps that an attempt undid come again as the next one computes them.
///
/// Whoever comes without a position gets the newest step of the stage at work and what follows;
/// whoever comes with one gets what follows it, whatever happened to the run meanwhile.
final class StepFeed {

    private static final int MOST = 200;

    private final PostgresRegistry registry;
    private final String runId;
    private @Nullable Step at;

    StepFeed(PostgresRegistry registry, String runId, @Nullable Step at) {
        this.registry = registry;
        this.runId = runId;
        this.at = at;
    }

    /// @param stage that the steps belong to, as it stands
    /// @param rows empty where there are no more by now
    record Steps(StageRow stage, List<StepRow> rows) {
        boolean mayHaveMore() {
            return rows.size() == MOST;
        }
    }

    @Nullable Step position() {
        return at;
    }

    /// Goes on behind a step that was sent.
    void sent(StepRow step) {
        Step now = Objects.requireNonNull(at);
        at = new Step(now.stage(), now.attempt(), step.step());
    }

    /// The next steps; empty where no stage has trained yet.
    ///
    /// @param run as it was before this is asked, so that what a finished stage computed is there
    Optional<Steps> next(Run run) {
        List<StageRow> stages = registry.runs().stages(runId);
        Optional<StageRow> atWork =
                stages.stream()
                        .filter(stage -> stage.stageId().equals(run.currentStage()))
                        .findFirst();
        while (true) {
            Step from = at == null ? begin(atWork) : at;
            Optional<StageRow> stage =
                    stages.stream()
                            .filter(row -> from != null && row.stageId().equals(from.stage()))
                            .findFirst();
            if (from == null || stage.isEmpty()) {
                return Optional.empty();
            }
            List<StepRow> rows = read(from);
            Optional<StageRow> next = rows.isEmpty() ? after(stage.get(), stages, atWork) : atWork;
            if (!rows.isEmpty() || next.isEmpty()) {
                return Optional.of(new Steps(stage.get(), rows));
            }
            at = new Step(next.get().stageId(), 0, 0);
        }
    }

    /// The step before the newest, of the newest attempt.
    private @Nullable Step begin(Optional<StageRow> atWork) {
        if (atWork.isEmpty() || atWork.get().totalSteps() == 0) {
            return null;
        }
        String stage = atWork.get().stageId();
        int attempt = begun(stage).stream().mapToInt(Attempt::attempt).max().orElse(0);
        at = new Step(stage, attempt, Math.max(0, atWork.get().step() - 1));
        return at;
    }

    /// Steps of attempts that began after this looked are left to the next look, which then knows
    /// what they undid.
    private List<StepRow> read(Step from) {
        List<Attempt> begun = begun(from.stage());
        int newest = begun.stream().mapToInt(Attempt::attempt).max().orElse(0);
        long step =
                begun.stream()
                        .filter(attempt -> attempt.attempt() > from.attempt())
                        .mapToLong(attempt -> Objects.requireNonNull(attempt.resumeStep()))
                        .reduce(from.step(), Math::min);
        at = new Step(from.stage(), Math.max(newest, from.attempt()), step);
        return registry.metrics().stepsFrom(runId, from.stage(), step + 1, MOST).stream()
                .takeWhile(row -> row.attempt() <= Math.max(newest, from.attempt()))
                .toList();
    }

    /// One that still looks for its checkpoint has undone nothing yet.
    private List<Attempt> begun(String stageId) {
        return registry.attempts().list(runId).stream()
                .filter(attempt -> attempt.stageId().equals(stageId))
                .filter(attempt -> attempt.resumeStep() != null)
                .toList();
    }

    /// The training stage that follows, up to the one at work.
    private static Optional<StageRow> after(
            StageRow stage, List<StageRow> stages, Optional<StageRow> atWork) {
        return stages.stream()
                .filter(row -> row.totalSteps() > 0)
                .filter(row -> row.position() > stage.position())
                .filter(row -> atWork.isPresent() && row.position() <= atWork.get().position())
                .findFirst();
    }
}
