package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Situation.Trouble;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a run stands, by its recorded state.
record Standing(Facts facts) {

    private static final String NOTHING = "nothing by itself: ";

    Draft draft() {
        Run run = facts.run();
        return switch (run.status()) {
            case QUEUED -> queued(run);
            case RUNNING -> running(run);
            case PAUSING ->
                    ending("pausing", "pauses", "the ranks finish their step, save it and end");
            case CANCELLING ->
                    ending("cancelling", "is being cancelled", "what is at work ends now");
            case PAUSED -> paused(run);
            case FAILED -> failed(run);
            case CANCELLED ->
                    new Draft(
                            "cancelled",
                            "the run was cancelled" + because(run.reason()),
                            run.finishedAt(),
                            null,
                            NOTHING + "its checkpoints are kept");
            case SUCCEEDED ->
                    new Draft(
                            "succeeded",
                            "the run has succeeded",
                            run.finishedAt(),
                            null,
                            "nothing: every stage is finished");
        };
    }

    private Draft queued(Run run) {
        boolean noWorker = facts.alive().isEmpty();
        return new Draft(
                noWorker ? "waiting" : "queued",
                noWorker
                        ? "the run waits for a worker: none is alive"
                        : "the run is queued" + because(run.reason()),
                run.createdAt(),
                null,
                "it begins as soon as Temporal and a worker take it");
    }

    private Draft running(Run run) {
        StageRow row = facts.stage();
        if (row == null || row.status() != StageState.RUNNING) {
            return preparing(run);
        }
        TrainingStage training = facts.training().orElse(null);
        if (training != null) {
            return new AtStage(facts, row, training).draft();
        }
        boolean noWorker = facts.alive().isEmpty();
        return new Draft(
                noWorker ? "waiting" : "working",
                noWorker
                        ? "stage %s waits for a worker: none is alive".formatted(row.stageId())
                        : "stage %s (%s) is at work".formatted(row.stageId(), row.type()),
                row.startedAt(),
                null,
                noWorker
                        ? "it begins as soon as a worker lives"
                        : "it goes on to its end; where its worker is lost it begins again");
    }

    private Draft preparing(Run run) {
        boolean noWorker = facts.alive().isEmpty();
        List<String> evidence =
                facts.events().stream()
                        .filter(event -> event.type().equals("dataset.progress"))
                        .limit(1)
                        .map(event -> event.message() + ", at " + Words.time(event.at()))
                        .toList();
        return new Draft(
                noWorker ? "waiting" : "preparing",
                noWorker
                        ? "the run waits for a worker: none is alive"
                        : "the run prepares its model, data or next stage",
                run.startedAt(),
                null,
                evidence,
                noWorker
                        ? "it goes on as soon as a worker lives"
                        : "reads the model, prepares the datasets, then begins the stage");
    }

    private Draft ending(String state, String words, String doing) {
        Attempt newest = facts.newest();
        Trouble trouble =
                newest != null && newest.endedAt() == null && !facts.workerLives(newest)
                        ? new Troubles(facts).ofLostWorker(newest)
                        : null;
        return new Draft(
                state,
                "the run " + words + because(facts.run().reason()),
                trouble == null ? null : trouble.at(),
                trouble,
                trouble != null
                        ? "its worker is gone: it comes to its end as soon as a worker lives"
                        : doing);
    }

    private Draft paused(Run run) {
        Trouble trouble = new Troubles(facts).last().orElse(null);
        Instant since =
                facts.events().stream()
                        .filter(event -> event.type().equals("run.paused"))
                        .map(event -> event.at())
                        .findFirst()
                        .orElse(null);
        return new Draft(
                "paused",
                "the run is paused" + because(run.reason()),
                since,
                trouble,
                NOTHING + "it waits for a person and holds no worker");
    }

    private Draft failed(Run run) {
        Trouble trouble = new Troubles(facts).last().orElse(null);
        StageRow row = facts.stage();
        return new Draft(
                "failed",
                "the run has failed"
                        + (row == null ? "" : " in stage " + row.stageId())
                        + (trouble == null
                                ? because(run.reason())
                                : ": %s (%s)"
                                        .formatted(
                                                Troubles.inWords(trouble.failureClass()),
                                                trouble.code())),
                run.finishedAt(),
                trouble,
                NOTHING + "a person decides; its checkpoints are kept");
    }

    private static String because(@Nullable String reason) {
        return reason == null ? "" : ": " + reason;
    }
}
