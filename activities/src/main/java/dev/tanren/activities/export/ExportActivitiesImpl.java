package dev.tanren.activities.export;

import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.lease.HeartbeatLease;
import dev.tanren.launch.Lineage;
import dev.tanren.plan.Stage;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.ExportActivities;
import io.temporal.activity.Activity;
import java.util.LinkedHashMap;
import java.util.Map;

/// See [ExportActivities].
public final class ExportActivitiesImpl implements ExportActivities {

    private final Exporter exporter;
    private final Registry registry;
    private final Drain drain;

    public ExportActivitiesImpl(Exporter exporter, Registry registry, Drain drain) {
        this.exporter = exporter;
        this.registry = registry;
        this.drain = drain;
    }

    @Override
    public Exported export(ExportRequest request) {
        try (HeartbeatLease lease = HeartbeatLease.hold(Activity.getExecutionContext(), drain)) {
            try {
                return export(request, lease);
            } catch (TanrenException e) {
                throw lease.ending(e);
            }
        }
    }

    private Exported export(ExportRequest request, HeartbeatLease lease) {
        Stage.Export stage = (Stage.Export) request.plan().stage(request.stageId()).orElseThrow();
        Exporter.Export export = exporter.export(request, stage, lineage(request, stage), lease);
        Map<String, Object> result = new LinkedHashMap<>(export.results());
        result.put("prefix", export.prefix());
        result.put("step", export.step());
        registry.runs()
                .setStageResult(
                        request.runId(), stage.id(), request.execution(), Json.write(result));
        return new Exported(request.execution(), stage.id(), export.prefix(), export.step());
    }

    private Lineage lineage(ExportRequest request, Stage.Export stage) {
        return new Lineage(
                request.trainedOn(),
                registry.metrics().evaluations(request.runId(), stage.of()).stream()
                        .map(
                                row ->
                                        new Lineage.Evaluation(
                                                row.dataset(),
                                                row.step(),
                                                row.loss(),
                                                row.perplexity()))
                        .toList());
    }
}
