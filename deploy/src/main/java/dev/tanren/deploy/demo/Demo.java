package dev.tanren.deploy.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Runs the demo's plan twice on a stack that is up: once with kills, once without, and compares.
public final class Demo {

    static final String BASE_STAGE = "base";
    static final String DOMAIN_STAGE = "adapt";
    private static final List<String> DATASETS = List.of("code", "prose");
    private static final long POLL_MILLIS = 250;

    private final ApiClient api;
    private final Supplier<List<Long>> workers;
    private final Consumer<String> progress;
    private final Consumer<String> say;
    private final Consumer<Plan> admit;

    /// @param workers gives the process ids of the workers at this moment
    /// @param progress shows the line that replaces itself
    /// @param say shows a line that stays
    /// @param admit lets a plan read the domain's folder
    public Demo(
            ApiClient api,
            Supplier<List<Long>> workers,
            Consumer<String> progress,
            Consumer<String> say,
            Consumer<Plan> admit) {
        this.api = api;
        this.workers = workers;
        this.progress = progress;
        this.say = say;
        this.admit = admit;
    }

    /// @throws TanrenException the failure of a run that did not succeed
    public DemoReport run(DemoPlan plan) throws InterruptedException {
        admit.accept(plan.plan());
        Saboteur saboteur = new Saboteur(workers, say);
        say.accept("1 of 2: pre-training, continued pre-training, export and gate, with two kills");
        RunView killed = follow(submit(plan.render("demo-killed")), saboteur::look);
        say.accept("2 of 2: the same plan without kills");
        RunView undisturbed = follow(submit(plan.render("demo-undisturbed")), view -> {});
        return report(killed, undisturbed, saboteur);
    }

    private String submit(String plan) {
        return api.send("/runs", plan, "application/yaml", Map.of()).path("id").asText();
    }

    private RunView follow(String id, Consumer<RunView> look) throws InterruptedException {
        String stage = "";
        while (true) {
            RunView view = new RunView(api.get("/runs/" + id));
            look.accept(view);
            if (!view.stage().equals(stage)) {
                stage = view.stage();
                say.accept("stage " + stage);
            }
            progress.accept(line(view));
            if (view.finished()) {
                if (!view.status().equals("succeeded")) {
                    throw failure(view, id);
                }
                say.accept("run " + id + " succeeded");
                return view;
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static TanrenException failure(RunView view, String id) {
        JsonNode failure = view.tree().path("failure");
        return new TanrenException(
                ErrorCode.STACK_PART_FAILED,
                "The demo's run ended as "
                        + view.status()
                        + ": "
                        + failure.path("code").asText()
                        + " "
                        + failure.path("what").asText(),
                failure.path("where").asText(id),
                failure.path("mend").asText("See ./tanren run logs " + id));
    }

    private static String line(RunView view) {
        JsonNode run = view.run();
        long total = run.path("totalSteps").asLong();
        String bar = total == 0 ? "" : bar((double) view.step() / total, 24);
        String loss =
                run.path("loss").isNumber()
                        ? String.format(Locale.ROOT, "loss %.3f", run.path("loss").asDouble())
                        : "";
        String speed =
                run.path("tokensPerSecond").isNumber()
                        ? String.format(
                                Locale.ROOT,
                                "%,.0f tokens/s",
                                run.path("tokensPerSecond").asDouble())
                        : "";
        String steps =
                total == 0
                        ? view.status()
                        : String.format(Locale.ROOT, "step %d of %d", view.step(), total);
        return String.join(
                "  ",
                List.of(
                        String.format(Locale.ROOT, "%-8s %-6s", view.stage(), view.phase()),
                        bar,
                        steps,
                        loss,
                        speed));
    }

    private static String bar(double share, int width) {
        int full = (int) Math.round(share * width);
        return "█".repeat(full) + "░".repeat(width - full);
    }

    private DemoReport report(RunView killed, RunView undisturbed, Saboteur saboteur) {
        String id = killed.run().path("id").asText();
        List<DemoReport.StageFigures> stages = new ArrayList<>();
        for (JsonNode stage : killed.stages()) {
            stages.add(figures(id, stage));
        }
        Map<String, DemoReport.Change> losses = new LinkedHashMap<>();
        JsonNode evaluations = metrics(id, DOMAIN_STAGE).path("evaluations");
        for (String dataset : DATASETS) {
            JsonNode points = evaluations.path(dataset);
            if (!points.isEmpty()) {
                losses.put(
                        dataset,
                        new DemoReport.Change(
                                points.get(0).path("loss").asDouble(),
                                points.get(points.size() - 1).path("loss").asDouble()));
            }
        }
        JsonNode gate = killed.stage("gate").orElseThrow().path("result");
        return new DemoReport(
                stages,
                saboteur.costs(killed),
                killed.stateHash(DOMAIN_STAGE),
                undisturbed.stateHash(DOMAIN_STAGE),
                speed(undisturbed.run().path("id").asText(), DOMAIN_STAGE),
                losses,
                gate.path("prompt").asText(),
                gate.path("sample").asText());
    }

    private DemoReport.StageFigures figures(String id, JsonNode stage) {
        String name = stage.path("id").asText();
        long steps = stage.path("totalSteps").asLong();
        return new DemoReport.StageFigures(
                name,
                stage.path("type").asText(),
                DemoReport.secondsBetween(stage),
                steps,
                steps == 0 ? null : speed(id, name));
    }

    /// Target tokens of all steps over the seconds spent in them, restarts not counted.
    private double speed(String id, String stage) {
        JsonNode series = metrics(id, stage).path("series");
        double tokens = sum(series.path("tokens"));
        return tokens / Math.max(1e-9, sum(series.path("seconds.total")));
    }

    private static double sum(JsonNode values) {
        double sum = 0;
        for (JsonNode value : values) {
            sum += value.asDouble();
        }
        return sum;
    }

    private JsonNode metrics(String id, String stage) {
        return api.get("/runs/" + id + "/metrics?points=10000&stage=" + stage);
    }
}
