package dev.tanren.trainer.rank;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.ReportChannel;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The process of one rank: `RankMain <launch.json>`.
///
/// It trains one phase from the state that the launch names, reports every step to its worker,
/// and ends with one of [ExitCode]. It outlives neither its worker nor a hung peer.
public final class RankMain {

    private RankMain() {}

    public static void main(String[] arguments) {
        Preemption preemption = Preemption.listen();
        RankLaunch launch;
        ReportChannel reports;
        try {
            launch = read(arguments);
            reports = ReportChannel.connect(Path.of(launch.reportSocket()));
        } catch (IOException | IllegalArgumentException | TanrenException e) {
            System.err.println("The rank cannot start: " + e.getMessage());
            Runtime.getRuntime().halt(ExitCode.MISLAUNCHED);
            return;
        }
        reports.send(new Report.Hello(launch.rank(), ProcessHandle.current().pid()));
        Runtime.getRuntime().halt(run(launch, reports, preemption));
    }

    private static RankLaunch read(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("expected the launch file as the only argument");
        }
        return Json.read(Files.readString(Path.of(arguments[0])), RankLaunch.class);
    }

    // Everything a rank can fail by ends here, errors of the virtual machine included.
    @SuppressWarnings("CatchingUnchecked")
    private static int run(RankLaunch launch, ReportChannel reports, Preemption preemption) {
        try (RankSession session = RankSession.start(launch, reports::send, preemption)) {
            TrainingLoop.End end = session.train();
            if (end.preempted()) {
                reports.send(new Report.Preempted(launch.rank(), end.step()));
                return ExitCode.PREEMPTED;
            }
            reports.send(new Report.Finished(launch.rank(), end.step(), Map.of()));
            return ExitCode.FINISHED;
        } catch (Throwable e) {
            e.printStackTrace();
            reports.send(Failures.report(launch.rank(), e));
            return ExitCode.FAILED;
        }
    }
}
