package dev.tanren.activities.export;

import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.process.OneProcess;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Lineage;
import dev.tanren.launch.Report;
import dev.tanren.plan.Stage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.planner.ProcessMemory;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.workflows.activity.ExportActivities.ExportRequest;
import java.util.List;
import java.util.Map;

/// Writes the newest checkpoint of a training stage in published formats, in a process of the
/// trainer.
public final class Exporter {

    private static final String MAIN = "dev.tanren.trainer.export.ExportMain";

    private final OneProcess processes;
    private final CheckpointStore checkpoints;

    public Exporter(OneProcess processes, CheckpointStore checkpoints) {
        this.processes = processes;
        this.checkpoints = checkpoints;
    }

    /// @param stage whose artifacts these are
    /// @throws TanrenException `CHECKPOINT_NONE_VALID`, or why the process failed
    public Export export(ExportRequest request, Stage.Export stage, Lineage lineage, Lease lease) {
        String runId = request.runId();
        Committed checkpoint =
                checkpoints.latestValid(runId, stage.of()).orElseThrow(() -> noneValid(stage.of()));
        String prefix = "runs/" + runId + "/" + stage.id() + "/artifacts/";
        List<Report> reports =
                processes.run(
                        new OneProcess.Task(
                                "export-" + runId + "-" + stage.id(),
                                "runs/" + runId + "/" + stage.id() + "/logs/1/export.log",
                                runId,
                                stage.id(),
                                request.trainedOn(),
                                ProcessMemory.ofExport(request.trainedOn().model().architecture())),
                        lease,
                        place ->
                                new ExportLaunch(
                                        runId,
                                        stage.id(),
                                        place.reportSocket().toString(),
                                        place.folder().toString(),
                                        processes.node().cache().toString(),
                                        processes.node().store(),
                                        request.plan(),
                                        checkpoint.manifestKey(),
                                        prefix,
                                        stage.formats(),
                                        lineage),
                        arguments ->
                                processes
                                        .node()
                                        .trainer(MAIN, processes.node().threads(), arguments));
        return new Export(prefix, checkpoint.manifest().step(), results(reports));
    }

    private static Map<String, String> results(List<Report> reports) {
        return reports.stream()
                .filter(Report.Finished.class::isInstance)
                .map(report -> ((Report.Finished) report).results())
                .findFirst()
                .orElse(Map.of());
    }

    private static TanrenException noneValid(String stage) {
        return new TanrenException(
                ErrorCode.CHECKPOINT_NONE_VALID,
                "the stage has no checkpoint that verifies",
                "stage " + stage,
                "restore the objects of one, verify it (./tanren checkpoint verify) and retry, or submit"
                        + " the plan as a new run");
    }

    /// @param prefix key prefix of the artifacts, ending in `/`
    /// @param step of the checkpoint
    /// @param results what the process tells of what it wrote
    public record Export(String prefix, long step, Map<String, String> results) {}
}
