package dev.tanren.trainer.rank;

import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/// The log of a rank in words: what it reports to its worker, one line each, for people.
///
/// Lines begin with the time (UTC). The worker keeps the process's output as the log of the rank.
final class RankLog {

    private final PrintStream out;
    private String lastWorking = "";

    RankLog(PrintStream out) {
        this.out = out;
    }

    void begin(RankLaunch launch) {
        line(
                String.format(
                        Locale.ROOT,
                        "rank %d of %d, process %d: plan %s, stage %s, phase %s, to step %d",
                        launch.rank(),
                        launch.worldSize(),
                        ProcessHandle.current().pid(),
                        launch.work().plan().name(),
                        launch.work().stageId(),
                        launch.work().phaseId(),
                        launch.work().lastStep()));
    }

    void write(Report report) {
        switch (report) {
            case Report.Hello _ -> {}
            case Report.Ready ready ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "ready after %.1f s with %,d parameters, at step %d",
                                    ready.secondsToReady(),
                                    ready.parameters(),
                                    ready.step()));
            case Report.ProductsMeasured measured -> line(measured.inWords());
            case Report.StepFinished step -> step(step);
            case Report.AnomalyFound anomaly ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "step %d is not applied (%s, %s): loss %s, gradient norm %s;"
                                            + " samples %s",
                                    anomaly.step(),
                                    anomaly.kind(),
                                    anomaly.action(),
                                    anomaly.loss(),
                                    anomaly.gradientNorm(),
                                    anomaly.samples()));
            case Report.StepSkipped skipped ->
                    line(String.format(Locale.ROOT, "step %d is left out", skipped.step()));
            case Report.Evaluated evaluated ->
                    evaluated
                            .datasets()
                            .forEach(
                                    (name, found) ->
                                            line(
                                                    String.format(
                                                            Locale.ROOT,
                                                            "step %d: %s has loss %.4f, perplexity %.2f",
                                                            evaluated.step(),
                                                            name,
                                                            found.loss(),
                                                            found.perplexity())));
            case Report.ShardSaved saved ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "step %d: shard saved, %,d bytes in %.2f s",
                                    saved.step(),
                                    saved.shard().bytes(),
                                    saved.seconds()));
            case Report.Working working -> working(working.inWords());
            case Report.PeerAwaited awaited ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "%s for %.0f s",
                                    awaited.inWords(),
                                    awaited.seconds()));
            case Report.SaveAwaited awaited ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "waiting for %.0f s until the checkpoint of step %d is stored",
                                    awaited.seconds(),
                                    awaited.step()));
            case Report.Finished finished ->
                    line(String.format(Locale.ROOT, "finished at step %d", finished.step()));
            case Report.Preempted preempted ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "asked to stop: saved at step %d",
                                    preempted.step()));
            case Report.Failed failed ->
                    line(
                            String.format(
                                    Locale.ROOT,
                                    "ERROR %s %s; where: %s; mend: %s",
                                    failed.code(),
                                    failed.what(),
                                    failed.where(),
                                    failed.mend()));
        }
    }

    /// A sign of work is written when it says something new.
    private void working(String words) {
        if (!words.equals(lastWorking)) {
            lastWorking = words;
            line(words);
        }
    }

    private void step(Report.StepFinished step) {
        Double zLoss = step.zLoss();
        line(
                String.format(
                        Locale.ROOT,
                        "step %d, phase %s: loss %.4f,%s gradient norm %.3f, rate %.3g, %,d tokens in"
                                + " %.3f s",
                        step.step(),
                        step.phase(),
                        step.loss(),
                        zLoss == null ? "" : String.format(Locale.ROOT, " z-loss %.6f,", zLoss),
                        step.gradientNorm(),
                        step.learningRate(),
                        step.tokens(),
                        step.seconds().total()));
    }

    private void line(String text) {
        out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + text);
    }
}
