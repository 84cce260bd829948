package dev.tanren.activities.gang.internal;

import dev.tanren.activities.gang.GangSettings;
import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.process.FailureClassifier;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.GangActivities.GangResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The supervisor's loop: one event after the other, and between them a look at lease and clock.
public final class GangWatch implements AutoCloseable {

    private static final long TICK_MILLIS = 100;
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    private static final Duration STACKS = Duration.ofMillis(1_500);
    private static final Duration ASK_AGAIN = Duration.ofSeconds(1);

    private final GangRequest request;
    private final GangFailures failures;
    private final GangSettings settings;
    private final Lease lease;
    private final Ranks ranks;
    private final GangRecorder recorder;
    private final BlockingQueue<GangEvent> events;
    private final BooleanSupplier quiet;
    private final BooleanSupplier cancelledForGood;
    private final Commits commits;
    private final ShardCollection shards;
    private final Watchdog watchdog;

    private @Nullable TanrenException fatal;
    private boolean stopping;
    private boolean killing;
    private long deadline = Long.MAX_VALUE;
    private boolean abandoned;
    private long allExitedAt;
    private long askAgain = Long.MIN_VALUE;

    /// @param quiet whether no rank is connected any more
    /// @param cancelledForGood whether a cancellation wants nothing saved
    public GangWatch(
            GangRequest request,
            TrainingStage stage,
            GangSettings settings,
            Lease lease,
            Ranks ranks,
            GangRecorder recorder,
            CheckpointStore checkpoints,
            BlockingQueue<GangEvent> events,
            BooleanSupplier quiet,
            BooleanSupplier cancelledForGood) {
        this.request = request;
        this.failures = new GangFailures(request);
        this.settings = settings;
        this.lease = lease;
        this.ranks = ranks;
        this.recorder = recorder;
        this.events = events;
        this.quiet = quiet;
        this.cancelledForGood = cancelledForGood;
        this.commits = new Commits(checkpoints, stage.checkpoint().keep(), events::add);
        this.shards = new ShardCollection(request, stage.parallelism().ranks());
        this.watchdog =
                new Watchdog(
                        settings,
                        stage.watchdog().limit().orElse(null),
                        stage.parallelism().ranks(),
                        System.nanoTime());
    }

    /// Ends when every rank has ended and every checkpoint is committed or refused.
    public GangResult untilTheEnd() {
        while (!ranks.allExited() || wordsAreMissing() || (!commits.idle() && !abandoned)) {
            GangEvent event = next();
            if (event != null) {
                handle(event);
            }
            recorder.flushWhenDue();
            look();
        }
        return outcome();
    }

    /// A process's exit may be heard of before its last words. A connection that stays open after
    /// that is waited for no longer than [#LAST_WORDS].
    private boolean wordsAreMissing() {
        if (!events.isEmpty()) {
            return true;
        }
        long now = System.nanoTime();
        if (allExitedAt == 0) {
            allExitedAt = now;
        }
        return !quiet.getAsBoolean() && now - allExitedAt < LAST_WORDS.toNanos();
    }

    @Override
    public void close() {
        commits.close();
    }

    private @Nullable GangEvent next() {
        try {
            return events.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            giveUp(failures.interrupted());
            return null;
        }
    }

    private void handle(GangEvent event) {
        switch (event) {
            case GangEvent.Reported reported -> handle(reported.report());
            case GangEvent.Exited exited -> {
                ranks.exited(exited.rank(), exited.exitCode());
                watchdog.ended(exited.rank());
                if (exited.exitCode() != ExitCode.FINISHED && !stopping && !killing) {
                    // One that was told to end has saved; the others may still be saving.
                    killAfter(
                            exited.exitCode() == ExitCode.PREEMPTED
                                    ? settings.drain()
                                    : settings.afterCrash());
                }
            }
            case GangEvent.PromiseExceeded exceeded -> giveUp(exceeded.error());
            case GangEvent.CommitFailed failed -> giveUp(failed.error());
        }
    }

    private void handle(Report report) {
        long now = System.nanoTime();
        switch (report) {
            case Report.Hello hello -> {}
            case Report.Ready ready -> {
                watchdog.ready(ready.rank(), now);
                recorder.ready(ready);
            }
            case Report.ProductsMeasured measured ->
                    recorder.event(
                            "products.measured",
                            Integer.toString(measured.rank()),
                            measured.inWords(),
                            Map.of(
                                    "fp32Gflops", measured.fp32Gflops(),
                                    "bf16Gflops", measured.bf16Gflops()));
            case Report.StepFinished step -> {
                recorder.step(step);
                watchdog.stepped(step.rank(), now);
                if (step.rank() == 0) {
                    shards.loss(step.step(), step.loss());
                    lease.progress(step.step());
                }
            }
            case Report.AnomalyFound anomaly -> {
                if (anomaly.rank() == 0) {
                    recorder.anomaly(anomaly);
                }
                if (anomaly.action() != Anomalies.Policy.SKIP) {
                    ranks.stoppedBy(anomaly);
                }
            }
            case Report.StepSkipped skipped -> {
                watchdog.stepped(skipped.rank(), now);
                if (skipped.rank() == 0) {
                    recorder.skipped(skipped);
                    shards.loss(skipped.step(), skipped.lastLoss());
                    lease.progress(skipped.step());
                }
            }
            case Report.Evaluated evaluated -> {
                watchdog.evaluated(evaluated.rank(), now);
                if (evaluated.rank() == 0) {
                    recorder.evaluation(evaluated);
                }
            }
            case Report.Working working -> {
                watchdog.works(working.rank(), working.work(), now);
                ranks.tells(working.rank(), working.inWords());
            }
            case Report.PeerAwaited awaited -> {
                watchdog.waitsForPeer(awaited.rank(), now);
                ranks.tells(awaited.rank(), awaited.inWords());
            }
            case Report.SaveAwaited awaited -> {
                watchdog.waitsForStore(awaited.rank(), now);
                recorder.saveAwaited(awaited);
            }
            case Report.ShardSaved saved -> shards.add(saved).ifPresent(commits::commit);
            case Report.Finished finished -> ranks.finished(finished.rank(), finished.step());
            case Report.Preempted preempted -> {}
            case Report.Failed failed -> ranks.failed(failed);
        }
    }

    /// What no event tells of: the lease, the watchdog, a grace that has passed.
    private void look() {
        long now = System.nanoTime();
        if (!killing) {
            switch (lease.state()) {
                case HELD -> lookAtWatchdog(now);
                case CANCELLED -> {
                    stopOnRequest(now);
                    lookAtWatchdog(now);
                }
                case DRAINING, UNHEARD -> stop(settings.drain());
                case LOST -> giveUp(failures.lost());
            }
        }
        if (now > deadline && !killing) {
            killing = true;
            ranks.kill();
            if (lease.state().hurries()) {
                abandonCommits();
            }
        }
    }

    private void lookAtWatchdog(long now) {
        if (fatal == null && events.isEmpty()) {
            watchdog.look(now)
                    .ifPresent(
                            hung -> {
                                fatal = failures.hung(hung, ranks::state);
                                ranks.dumpStacks();
                                killAfter(STACKS);
                            });
        }
    }

    /// A pause takes as long as the step that the ranks are at and its save; they say how they get
    /// on. A person who then cancels the run does not wait for that.
    private void stopOnRequest(long now) {
        if (now < askAgain) {
            return;
        }
        askAgain = now + ASK_AGAIN.toNanos();
        if (cancelledForGood.getAsBoolean()) {
            abandonCommits();
            stopping = true;
            killAfter(Duration.ZERO);
        } else if (!stopping) {
            stopping = true;
            ranks.terminate();
        }
    }

    private void abandonCommits() {
        abandoned = true;
        commits.abandon();
    }

    private void stop(Duration grace) {
        if (!stopping) {
            stopping = true;
            ranks.terminate();
        }
        killAfter(grace);
    }

    private void giveUp(TanrenException error) {
        if (fatal == null) {
            fatal = error;
        }
        killing = true;
        abandonCommits();
        ranks.kill();
    }

    private void killAfter(Duration grace) {
        deadline = Math.min(deadline, System.nanoTime() + grace.toNanos());
    }

    private GangResult outcome() {
        if (fatal != null) {
            throw fatal;
        }
        long committed = Math.max(request.resumeStep(), commits.newest());
        if (committed >= request.work().lastStep()) {
            recordLateCrash();
            return new GangResult(request.work().fencingToken(), true, committed);
        }
        if (ranks.allFinished()) {
            throw failures.unsaved(committed);
        }
        if (stopping && !lease.state().hurries()) {
            return new GangResult(request.work().fencingToken(), false, committed);
        }
        if (stopping) {
            throw lease.state() == Lease.State.UNHEARD
                    ? failures.unheard(committed)
                    : failures.preempted(committed);
        }
        Report.AnomalyFound anomaly = ranks.anomaly();
        if (anomaly != null) {
            throw GangFailures.stoppedBy(anomaly);
        }
        throw FailureClassifier.classify(ranks.endings());
    }

    /// A rank that crashes on its way out, when its work is saved, costs nothing. It is told all
    /// the same: the machine may be what is wrong.
    private void recordLateCrash() {
        List<FailureClassifier.Ending> endings = ranks.endings();
        if (!endings.isEmpty() && !stopping) {
            TanrenException why = FailureClassifier.classify(endings);
            recorder.event(
                    "rank.crashed-at-its-end",
                    "",
                    "the work is done, but on the way out " + why.what() + " [" + why.where() + "]",
                    Map.of("code", why.code().name(), "step", request.work().lastStep()));
        }
    }
}
