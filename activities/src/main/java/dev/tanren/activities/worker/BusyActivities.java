package dev.tanren.activities.worker;

import dev.tanren.storage.registry.Workers;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.common.interceptors.ActivityInboundCallsInterceptor;
import io.temporal.common.interceptors.ActivityInboundCallsInterceptorBase;
import io.temporal.common.interceptors.WorkerInterceptorBase;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/// Which activities are at work, for people and for an orderly end.
final class BusyActivities extends WorkerInterceptorBase {

    private static final long TICK_MILLIS = 50;

    /// What people read in place of an activity's type.
    private static final Map<String, String> WORDS =
            Map.of(
                    "ModelResolve", "reading the model of",
                    "DatasetPrepare", "preparing data of",
                    "AttemptBegin", "beginning an attempt of",
                    "AttemptEnd", "ending an attempt of",
                    "GangTrain", "training",
                    "ExportExport", "exporting",
                    "EvaluateEvaluate", "evaluating");

    private final Map<Object, String> busy = new ConcurrentHashMap<>();

    @Override
    public ActivityInboundCallsInterceptor interceptActivity(ActivityInboundCallsInterceptor next) {
        return new ActivityInboundCallsInterceptorBase(next) {
            private String description = "";

            @Override
            public void init(ActivityExecutionContext context) {
                description =
                        inWords(
                                context.getInfo().getActivityType(),
                                context.getInfo().getWorkflowId());
                super.init(context);
            }

            @Override
            public ActivityOutput execute(ActivityInput input) {
                Object key = new Object();
                busy.put(key, description);
                try {
                    return super.execute(input);
                } finally {
                    busy.remove(key);
                }
            }
        };
    }

    /// A call of the registry, which none of the words is for, records what a workflow decided.
    static String inWords(String activityType, String workflowId) {
        return WORDS.getOrDefault(activityType, "recording of") + " " + workflowId;
    }

    /// In words; `idle` where nothing is at work.
    String describe() {
        return busy.isEmpty()
                ? Workers.Worker.IDLE
                : busy.values().stream().sorted().distinct().collect(Collectors.joining(", "));
    }

    /// @return whether all ended in this time
    boolean awaitIdle(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!busy.isEmpty() && System.nanoTime() < end) {
            Thread.sleep(TICK_MILLIS);
        }
        return busy.isEmpty();
    }
}
