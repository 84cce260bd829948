package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Follows a run to its end. Outages of the server are sat out.
final class RunFollower {

    static final Set<String> ENDED =
            Arrays.stream(RunState.values())
                    .filter(RunState::terminal)
                    .map(RunState::key)
                    .collect(Collectors.toUnmodifiableSet());
    private static final Duration POLL = Duration.ofMillis(500);

    /// A restart of the control plane takes seconds.
    private static final Duration OUTAGE = Duration.ofMinutes(2);

    private static final int BAR = 24;

    static final int LINES_OF_A_STAGE = 100;

    private final Terminal terminal;
    private final ApiClient api;
    private final String id;
    private String toldStage = "";
    private long toldStep;

    RunFollower(Terminal terminal, ApiClient api, String id) {
        this.terminal = terminal;
        this.api = api;
        this.id = id;
    }

    /// What is told while a run goes on.
    interface Listener {

        /// Hears nothing.
        Listener NONE = new Listener() {};

        /// Every event, in order.
        default void event(JsonNode event) {}

        /// The run's summary whenever its steps have gone on: at the first, the last, and so seldom
        /// in between that a stage has about [#LINES_OF_A_STAGE].
        default void steps(JsonNode run) {}
    }

    /// Blocks until the run has ended.
    ///
    /// @param limit null for none
    /// @return exit code: 0 when the run succeeded, 1 when it failed or was cancelled
    /// @throws TanrenException `WAIT_OVER` when the limit was reached before
    int follow(@Nullable Duration limit, Listener listener) throws InterruptedException {
        Thread goodbye = new Thread(this::sayGoodbye);
        Runtime.getRuntime().addShutdownHook(goodbye);
        EventStream stream = new EventStream(api, id, listener::event);
        try {
            JsonNode detail = awaitEnd(limit, stream, listener);
            if (detail == null) {
                throw timeout(limit);
            }
            stream.drain();
            return conclude(detail);
        } finally {
            stream.close();
            Runtime.getRuntime().removeShutdownHook(goodbye);
        }
    }

    /// The run as it stands now, with its `failure`, which is null unless it failed.
    JsonNode outcome() {
        JsonNode detail = api.get("/runs/" + ApiClient.name(id));
        ObjectNode run = detail.path("run").deepCopy();
        run.set("failure", detail.path("failure"));
        return run;
    }

    private @Nullable JsonNode awaitEnd(
            @Nullable Duration limit, EventStream stream, Listener listener)
            throws InterruptedException {
        long start = System.nanoTime();
        long answered = start;
        while (true) {
            try {
                JsonNode detail = api.get("/runs/" + ApiClient.name(id));
                boolean first = answered == start;
                answered = System.nanoTime();
                boolean ended = ENDED.contains(detail.path("run").path("status").asText());
                stream.start(!ended);
                // Of a run that had ended before, the events tell all.
                if (!(first && ended)) {
                    tell(detail.path("run"), listener);
                }
                if (ended) {
                    return detail;
                }
                terminal.progress(line(detail.path("run")));
            } catch (TanrenException e) {
                boolean out = System.nanoTime() - answered > OUTAGE.toNanos();
                if (e.code() != ErrorCode.STACK_NOT_RUNNING || out || answered == start) {
                    throw e;
                }
                terminal.progress("the server does not answer; trying again ...");
            }
            if (limit != null && System.nanoTime() - start > limit.toNanos()) {
                return null;
            }
            Thread.sleep(POLL);
        }
    }

    private void tell(JsonNode run, Listener listener) {
        String stage = run.path("stage").asText("");
        long step = run.path("step").asLong();
        long total = run.path("totalSteps").asLong();
        if (!stage.equals(toldStage)) {
            toldStage = stage;
            toldStep = 0;
        }
        long due = toldStep == 0 ? 1 : toldStep + Math.max(1, total / LINES_OF_A_STAGE);
        if (step >= due || (step == total && step > toldStep)) {
            toldStep = step;
            listener.steps(run);
        }
    }

    private static String line(JsonNode run) {
        long step = run.path("step").asLong();
        long total = run.path("totalSteps").asLong();
        StringBuilder text = new StringBuilder();
        text.append(run.path("status").asText()).append("  ");
        if (run.path("stage").isTextual()) {
            text.append(run.path("stage").asText()).append("  ");
        }
        if (total > 0) {
            int filled = (int) Math.min(BAR, BAR * step / total);
            text.repeat('█', filled).repeat('░', BAR - filled);
            text.append(' ').append(step).append('/').append(total);
        }
        if (run.path("loss").isNumber()) {
            text.append("  loss ").append(Figures.decimals(run.path("loss"), 4));
        }
        if (run.path("zLoss").isNumber()) {
            text.append("  z-loss ").append(Figures.decimals(run.path("zLoss"), 6));
        }
        if (run.path("tokensPerSecond").isNumber()) {
            text.append("  ").append(Figures.decimals(run.path("tokensPerSecond"), 0));
            text.append(" tokens/s");
        }
        if (run.path("etaSeconds").isNumber()) {
            text.append("  ").append(Figures.duration(run.path("etaSeconds").asDouble()));
            text.append(" left");
        }
        return text.toString();
    }

    private int conclude(JsonNode detail) {
        JsonNode run = detail.path("run");
        String status = run.path("status").asText();
        terminal.say("run " + id + " " + status);
        if (detail.path("failure").isObject()) {
            terminal.say(RunGetCommand.failureText(detail.path("failure")));
        }
        return status.equals("succeeded") ? Exit.OK : Exit.FAILED;
    }

    private TanrenException timeout(@Nullable Duration limit) {
        return new TanrenException(
                ErrorCode.WAIT_OVER,
                "The run has not ended in time ("
                        + (limit == null ? "none" : Figures.duration(limit.toMillis() / 1000.0))
                        + "); this command ends, the run stays as it is.",
                "run " + id,
                "Come back with: ./tanren run watch " + id);
    }

    private void sayGoodbye() {
        terminal.say("Detached; the run goes on. Come back with: ./tanren run watch " + id);
    }
}
