package dev.tanren.activities.export;

import dev.tanren.activities.lease.Lease;
import dev.tanren.activities.process.OneProcess;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Report;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.Stage;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
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

    /// @param stageId stage whose artifacts these are
    /// @param trainingStage stage whose weights are written
    /// @param tokenizerKey empty where the plan has none
    /// @throws TanrenException `CHECKPOINT_NONE_VALID`, or why the process failed
    public Export export(
            String runId,
            Plan plan,
            String stageId,
            String trainingStage,
            Architecture architecture,
            String tokenizerKey,
            List<Stage.Format> formats,
            Lease lease) {
        Committed checkpoint =
                checkpoints
                        .latestValid(runId, trainingStage)
                        .orElseThrow(() -> noneValid(trainingStage));
        String prefix = "runs/" + runId + "/" + stageId + "/artifacts/";
        List<Report> reports =
                processes.run(
                        "export-" + runId + "-" + stageId,
                        "runs/" + runId + "/" + stageId + "/logs/1/export.log",
                        lease,
                        place ->
                                new ExportLaunch(
                                        runId,
                                        stageId,
                                        place.reportSocket().toString(),
                                        place.folder().toString(),
                                        processes.node().cache().toString(),
                                        processes.node().store(),
                                        plan,
                                        architecture,
                                        checkpoint.manifestKey(),
                                        tokenizerKey,
                                        prefix,
                                        formats),
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
                "restore its objects, or train the stage again");
    }

    /// @param prefix key prefix of the artifacts, ending in `/`
    /// @param step of the checkpoint
    /// @param results what the process tells of what it wrote
    public record Export(String prefix, long step, Map<String, String> results) {}
}
