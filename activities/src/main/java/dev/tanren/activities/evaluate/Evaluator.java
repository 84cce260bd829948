package dev.tanren.activities.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.activities.export.Exporter;
import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.process.OneProcess;
import dev.tanren.launch.EvaluateLaunch;
import dev.tanren.launch.Lineage;
import dev.tanren.launch.Report;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.planner.EvaluationBatch;
import dev.tanren.plan.planner.ProcessMemory;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.EvaluateActivities.EvaluateRequest;
import dev.tanren.workflows.activity.ExportActivities.ExportRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Measures a model in the inference runtime and holds it against trainer and plan.
public final class Evaluator {

    private static final String MAIN = "dev.tanren.inference.EvaluateMain";
    private static final int DEFAULT_BLOCKS = 16;
    private static final int SAMPLE_TOKENS = 64;
    private static final int PROMPT_TOKENS = 16;

    private final OneProcess processes;
    private final Exporter exporter;
    private final Registry registry;

    public Evaluator(OneProcess processes, Exporter exporter, Registry registry) {
        this.processes = processes;
        this.exporter = exporter;
        this.registry = registry;
    }

    /// Records the result before it judges it, so that people see the figures of a gate that
    /// closed.
    ///
    /// @return metrics by name
    public Map<String, Double> evaluate(EvaluateRequest request, Lease lease) {
        Stage.Evaluate stage =
                (Stage.Evaluate) request.plan().stage(request.stageId()).orElseThrow();
        TrainingStage trained = trainingStage(request, stage.of());
        Bundle bundle = bundle(request, stage, trained, lease);
        List<Report> reports = measure(request, trained, bundle, lease);
        List<EvaluationRow> rows = registry.metrics().evaluations(request.runId(), trained.id());
        Gate gate =
                new Gate(
                        measured(reports),
                        Gate.figuresOf(rows, bundle.step(), bundle.averaged()),
                        Gate.figuresOf(rows, 0, false));
        List<Gate.Check> checks = gate.checks(stage.require());
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("step", bundle.step());
        result.put("datasets", gate.measured());
        result.put("trainer", gate.trainer());
        result.put("before", gate.before());
        result.put("metrics", gate.metrics());
        result.put("differences", gate.differences());
        result.put("requirements", checks);
        result.putAll(finished(reports));
        registry.runs()
                .setStageResult(
                        request.runId(), stage.id(), request.execution(), Json.write(result));
        gate.requireAgreement(stage.id(), trained.precision());
        gate.requireChecks(stage.id(), checks);
        return gate.metrics();
    }

    /// @param prefix key prefix of the DJL bundle
    /// @param step of the checkpoint it was written from
    /// @param averaged whether it has the mean of the weights
    private record Bundle(String prefix, long step, boolean averaged) {}

    private static TrainingStage trainingStage(EvaluateRequest request, String id) {
        return switch (request.plan().stage(id).orElseThrow()) {
            case TrainingStage training -> training;
            case Stage.Export export -> trainingStage(request, export.of());
            case Stage.Evaluate other -> throw notTrained(id);
            case Stage.Approve other -> throw notTrained(id);
        };
    }

    private static IllegalArgumentException notTrained(String id) {
        return new IllegalArgumentException("validation lets no stage measure stage " + id);
    }

    /// The bundle that an export stage published, or one made for this stage.
    private Bundle bundle(
            EvaluateRequest request, Stage.Evaluate stage, TrainingStage trained, Lease lease) {
        if (request.plan().stage(stage.of()).orElseThrow() instanceof Stage.Export export
                && export.formats().contains(Stage.Format.DJL)) {
            String result =
                    registry.runs().stages(request.runId()).stream()
                            .filter(row -> row.stageId().equals(export.id()))
                            .findFirst()
                            .orElseThrow()
                            .resultJson();
            JsonNode published = Json.read(String.valueOf(result), JsonNode.class);
            return new Bundle(
                    published.path("prefix").asText() + "djl/",
                    published.path("step").asLong(),
                    export.weights() == Stage.ExportedWeights.AVERAGED);
        }
        Exporter.Export made =
                exporter.export(
                        new ExportRequest(
                                request.runId(),
                                request.execution(),
                                request.plan(),
                                stage.id(),
                                request.trainedOn()),
                        new Stage.Export(stage.id(), trained.id(), List.of(Stage.Format.DJL)),
                        new Lineage(request.trainedOn(), List.of()),
                        lease);
        return new Bundle(made.prefix() + "djl/", made.step(), false);
    }

    private List<Report> measure(
            EvaluateRequest request, TrainingStage trained, Bundle bundle, Lease lease) {
        TrainingStage.Evaluation evaluation = trained.evaluation();
        boolean text = request.trainedOn().model().tokenizer() != null;
        return processes.run(
                new OneProcess.Task(
                        "evaluate-" + request.runId() + "-" + request.stageId(),
                        "runs/%s/%s/logs/1/evaluate.log"
                                .formatted(request.runId(), request.stageId()),
                        request.runId(),
                        request.stageId(),
                        request.trainedOn(),
                        ProcessMemory.ofEvaluation(
                                request.trainedOn().model().architecture(),
                                EvaluationBatch.of(trained).sequenceLength())),
                lease,
                place ->
                        new EvaluateLaunch(
                                request.runId(),
                                request.stageId(),
                                place.reportSocket().toString(),
                                place.folder().toString(),
                                processes.node().cache().toString(),
                                processes.node().store(),
                                bundle.prefix(),
                                request.trainedOn().manifestKeys(),
                                evaluation == null ? DEFAULT_BLOCKS : evaluation.blocks(),
                                EvaluationBatch.of(trained).sequenceLength(),
                                PROMPT_TOKENS,
                                text ? SAMPLE_TOKENS : 0,
                                processes.node().threads()),
                arguments ->
                        processes.node().inference(MAIN, processes.node().threads(), arguments));
    }

    private static Map<String, Gate.Figures> measured(List<Report> reports) {
        Map<String, Gate.Figures> figures = new TreeMap<>();
        for (Report report : reports) {
            if (report instanceof Report.Evaluated evaluated) {
                evaluated
                        .datasets()
                        .forEach(
                                (name, found) ->
                                        figures.put(
                                                name,
                                                new Gate.Figures(
                                                        found.loss(),
                                                        found.perplexity(),
                                                        found.tokens())));
            }
        }
        return figures;
    }

    private static Map<String, String> finished(List<Report> reports) {
        return reports.stream()
                .filter(Report.Finished.class::isInstance)
                .map(report -> ((Report.Finished) report).results())
                .findFirst()
                .orElse(Map.of());
    }
}
