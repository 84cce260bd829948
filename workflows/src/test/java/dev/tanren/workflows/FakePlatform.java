package dev.tanren.workflows;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.workflows.activity.AttemptActivities;
import dev.tanren.workflows.activity.DatasetActivities;
import dev.tanren.workflows.activity.EvaluateActivities;
import dev.tanren.workflows.activity.ExportActivities;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.ModelActivities;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.StartingPoint;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import io.temporal.activity.Activity;
import io.temporal.client.ActivityCompletionException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Every activity as a hand-written fake over one small memory of checkpoints, whose gangs do what
/// a test has scripted and then finish.
///
/// What a beginning looks for and in which order is the product's own and held by its tests over a
/// real registry. Here it is enough that an attempt fences off the ones before it: a gang commits
/// only as the newest attempt of its stage, and from where that attempt was told to start.
final class FakePlatform
        implements RegistryActivities,
                AttemptActivities,
                DatasetActivities,
                ModelActivities,
                ExportActivities,
                EvaluateActivities {

    static final String ANY = "any";
    static final List<String> WORKERS = List.of("w1", "w2");

    interface Gang {
        GangActivities.GangResult run(GangActivities.GangRequest request);
    }

    final List<String> log = new CopyOnWriteArrayList<>();
    final List<RequestEntry> asked = new CopyOnWriteArrayList<>();
    final List<Failure> failures = new CopyOnWriteArrayList<>();
    final List<String> reasons = new CopyOnWriteArrayList<>();
    final Queue<Gang> script = new ConcurrentLinkedQueue<>();
    final Map<String, Long> committed = new ConcurrentHashMap<>();
    final Map<String, String> stages = new ConcurrentHashMap<>();
    final Map<String, Double> evaluation = new ConcurrentHashMap<>();
    final List<GangActivities.GangRequest> gangs = new CopyOnWriteArrayList<>();

    /// Whose queue each of them came from.
    final List<String> takers = new CopyOnWriteArrayList<>();

    final List<Long> skippedSteps = new CopyOnWriteArrayList<>();

    /// As the events say.
    final List<String> skippedPhases = new CopyOnWriteArrayList<>();

    /// Workers that the next attempts are to be asked of first; any will do where it is empty.
    final Queue<String> askedFirst = new ConcurrentLinkedQueue<>();

    /// What each run trains on.
    final Map<String, TrainedOn> fixed = new ConcurrentHashMap<>();

    final AtomicInteger exports = new AtomicInteger();

    /// Activities that a test holds, such as `export`, until it opens them or they are cancelled.
    final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();

    /// What a held activity fails with once it is cancelled, in place of ending in good order.
    volatile @Nullable ErrorCode failsWhenCancelled;

    /// Words that the registry takes no record with.
    volatile Predicate<String> refused = words -> false;

    private final AtomicInteger tokens = new AtomicInteger();

    /// The newest attempt of each stage.
    private final Map<String, Newest> attempts = new ConcurrentHashMap<>();

    /// On the queue of one worker, or of all.
    GangActivities gangActivities(String worker) {
        return request -> {
            gangs.add(request);
            takers.add(worker);
            Gang scripted = script.poll();
            return scripted == null ? finish(request) : scripted.run(request);
        };
    }

    GangActivities.GangResult finish(GangActivities.GangRequest request) {
        commit(request, request.work().lastStep());
        return new GangActivities.GangResult(
                request.work().fencingToken(), true, request.work().lastStep());
    }

    /// As the registry: of the newest attempt alone, which goes on from what is committed.
    private void commit(GangActivities.GangRequest request, long step) {
        Newest newest = attempts.get(request.work().stageId());
        long behind = committed.getOrDefault(request.work().stageId(), 0L);
        if (newest == null
                || newest.token() != request.work().fencingToken()
                || newest.start() != request.resumeStep()
                || behind < request.resumeStep()) {
            throw Failures.ofActivity(
                    new TanrenException(
                            ErrorCode.CHECKPOINT_STALE_ATTEMPT,
                            "the newest attempt is " + newest + ", at step " + behind,
                            request.toString(),
                            "nothing"));
        }
        committed.put(request.work().stageId(), step);
    }

    private record Newest(long token, long start) {}

    /// Commits up to a step, then fails.
    Gang failing(ErrorCode code, long committedStep) {
        return request -> {
            commit(request, Math.max(committedStep, request.resumeStep()));
            throw Failures.ofActivity(new TanrenException(code, "scripted", "rank 0", "nothing"));
        };
    }

    /// Commits up to a step, then fails by the step after it, which is left out from then on.
    Gang stoppedByAnomaly(ErrorCode code, long committedStep) {
        return request -> {
            skippedSteps.add(committedStep + 1);
            return failing(code, committedStep).run(request);
        };
    }

    /// Beats until it is cancelled, then has saved a step.
    Gang untilCancelled(long savedStep) {
        return request -> {
            log.add("gang at work");
            while (true) {
                try {
                    Activity.getExecutionContext().heartbeat(savedStep);
                    Thread.sleep(20);
                } catch (ActivityCompletionException e) {
                    commit(request, Math.max(savedStep, request.resumeStep()));
                    log.add("gang saved");
                    return new GangActivities.GangResult(
                            request.work().fencingToken(), false, savedStep);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException(e);
                }
            }
        };
    }

    CountDownLatch hold(String activity) {
        return held.computeIfAbsent(activity, name -> new CountDownLatch(1));
    }

    /// Beats while it is held, and ends when it is cancelled.
    private void work(String activity) {
        CountDownLatch latch = held.get(activity);
        if (latch == null) {
            return;
        }
        log.add(activity + " at work");
        try {
            while (!latch.await(20, TimeUnit.MILLISECONDS)) {
                Activity.getExecutionContext().heartbeat(null);
            }
        } catch (ActivityCompletionException e) {
            log.add(activity + " ended");
            ErrorCode code = failsWhenCancelled;
            if (code == null) {
                throw e;
            }
            throw Failures.ofActivity(new TanrenException(code, "scripted", activity, "nothing"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void refuse(@Nullable String words, @Nullable Failure failure) {
        boolean wordsAre = words != null && refused.test(words);
        boolean failureIs = failure != null && refused.test(failure.what());
        if (wordsAre || failureIs) {
            throw Failures.ofActivity(
                    new TanrenException(ErrorCode.INTERNAL, "refused", "registry", "nothing"));
        }
    }

    List<String> statuses() {
        return log.stream()
                .filter(line -> line.startsWith("run "))
                .map(line -> line.substring(4))
                .toList();
    }

    /// How often the run became so.
    long count(String status) {
        return statuses().stream().filter(status::equals).count();
    }

    @Override
    public Standing standing(StandingQuery query) {
        Map<String, StageState> standing = new HashMap<>();
        stages.forEach((stage, state) -> standing.put(stage, StageState.of(state)));
        return new Standing(query, standing);
    }

    @Override
    public Recorded recordStatus(StatusChange change) {
        var failure = change.failure();
        refuse(change.reason(), failure);
        if (failure != null) {
            failures.add(failure);
        }
        reasons.add(String.valueOf(change.reason()));
        log.add("run " + change.status().key() + (failure == null ? "" : " " + failure.code()));
        return Recorded.of(change.version());
    }

    @Override
    public Recorded recordStage(StageChange change) {
        work("stage");
        refuse(change.reason(), change.failure());
        stages.put(change.stageId(), change.status().key());
        String reason = change.reason();
        log.add(
                "stage "
                        + change.stageId()
                        + " "
                        + change.status().key()
                        + (reason == null ? "" : ": " + reason));
        return Recorded.of(change.version());
    }

    @Override
    public Recorded recordEvent(EventEntry event) {
        if (event.type().equals("phase.skipped")) {
            skippedPhases.add((String) event.data().getOrDefault("phase", ""));
        }
        log.add("event " + event.key());
        return Recorded.of(event);
    }

    @Override
    public Recorded recordRequest(RequestEntry request) {
        refuse(request.reason(), null);
        asked.add(request);
        log.add("request " + request.action() + " by " + request.actor().name());
        return new Recorded(request.id());
    }

    @Override
    public LastEvaluation lastEvaluation(EvaluationQuery query) {
        return new LastEvaluation(
                query, Map.copyOf(evaluation), committed.getOrDefault(query.stageId(), 0L));
    }

    @Override
    public Begun begin(BeginRequest request) {
        work("begin");
        long step = committed.getOrDefault(request.stageId(), 0L);
        StartingPoint start =
                step == 0
                        ? new StartingPoint.Fresh()
                        : new StartingPoint.Checkpoint("manifest-" + step, step);
        if (step >= request.lastStep()) {
            return new Begun(
                    request.requestId(), true, 0, 0, start, step, List.of(), List.of(), null);
        }
        int token = tokens.incrementAndGet();
        attempts.put(request.stageId(), new Newest(token, step));
        return new Begun(
                request.requestId(),
                false,
                token,
                token,
                start,
                step,
                List.copyOf(skippedSteps),
                List.copyOf(skippedPhases),
                askedFirst.poll());
    }

    @Override
    public Told end(EndRequest request) {
        log.add("attempt ended for its worker: " + request.reason());
        return new Told(request.fencingToken(), request.reason());
    }

    @Override
    public PreparedDataset prepare(PrepareRequest request) {
        work("dataset");
        return new PreparedDataset(
                request.datasetName(), data(request.datasetName()), 1, 1, 1, false);
    }

    private static TrainedOn.Data data(String dataset) {
        return new TrainedOn.Data(dataset, "datasets/" + dataset + "/manifest.json", "");
    }

    @Override
    public TrainedOn.Model resolve(ResolveRequest request) {
        return Inputs.of(SmallPlans.llama(2), Map.of()).model();
    }

    @Override
    public TrainedOn fix(FixRequest request) {
        return fixed.computeIfAbsent(request.runId(), run -> request.trainedOn());
    }

    @Override
    public Exported export(ExportRequest request) {
        exports.incrementAndGet();
        work("export");
        return new Exported(
                request.execution(),
                request.stageId(),
                "runs/r/" + request.stageId() + "/artifacts/",
                20);
    }

    @Override
    public Evaluated evaluate(EvaluateRequest request) {
        work("evaluate");
        return new Evaluated(
                request.execution(), request.stageId(), Map.of("code.perplexity", 12.0));
    }
}
