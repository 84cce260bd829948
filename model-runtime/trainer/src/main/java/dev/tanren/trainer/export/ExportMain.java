package dev.tanren.trainer.export;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.ReportChannel;
import dev.tanren.launch.StoreConnection;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.trainer.rank.Failures;
import dev.tanren.trainer.tools.NativeRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The process that publishes weights: `ExportMain <launch.json>`. See [ExportLaunch] and
/// [ExitCode].
///
/// Its [Report.Finished] tells `prefix`, `weightsSha256` of the checkpoint and `files`, how many
/// there are.
public final class ExportMain {

    private ExportMain() {}

    public static void main(String[] arguments) {
        ExportLaunch launch;
        ReportChannel reports;
        try {
            if (arguments.length != 1) {
                throw new IllegalArgumentException("expected the launch file as the only argument");
            }
            launch = Json.read(Files.readString(Path.of(arguments[0])), ExportLaunch.class);
            reports = ReportChannel.connect(Path.of(launch.reportSocket()));
        } catch (IOException | IllegalArgumentException | TanrenException e) {
            System.err.println("The export cannot start: " + e.getMessage());
            Runtime.getRuntime().halt(ExitCode.MISLAUNCHED);
            return;
        }
        reports.send(new Report.Hello(0, ProcessHandle.current().pid()));
        Runtime.getRuntime().halt(run(launch, reports));
    }

    // Everything the process can fail by ends here, errors of the virtual machine included.
    private static int run(ExportLaunch launch, ReportChannel reports) {
        try (ObjectStore store = StoreConnection.open(launch.store())) {
            NativeRuntime.configure(Integer.getInteger("tanren.threads", 1));
            Export.Exported exported = new Export(launch, store).run();
            reports.send(
                    new Report.Finished(
                            0,
                            exported.step(),
                            Map.of(
                                    "prefix",
                                    launch.targetPrefix(),
                                    "weightsSha256",
                                    exported.weightsSha256(),
                                    "files",
                                    Integer.toString(exported.files()))));
            return ExitCode.FINISHED;
        } catch (Throwable e) {
            e.printStackTrace();
            reports.send(Failures.report(0, e));
            return ExitCode.FAILED;
        }
    }
}
