package dev.tanren.trainer.rank;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.ReportChannel;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;

/// The process of one rank: `RankMain <launch.json>`.
///
/// It trains one phase from the state that the launch names, reports every step to its worker, and
/// ends with one of [ExitCode]. It outlives neither its worker nor a hung peer.
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
        RankLog log = new RankLog(System.out);
        log.begin(launch);
        Consumer<Report> tell =
                report -> {
                    log.write(report);
                    reports.send(report);
                };
        tell.accept(new Report.Hello(launch.rank(), ProcessHandle.current().pid()));
        int code = run(launch, tell, preemption);
        System.out.flush();
        Runtime.getRuntime().halt(code);
    }

    private static RankLaunch read(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("expected the launch file as the only argument");
        }
        return Json.read(Files.readString(Path.of(arguments[0])), RankLaunch.class);
    }

    // Everything a rank can fail by ends here, errors of the virtual machine included.
    @SuppressWarnings("CatchingUnchecked")
    private static int run(RankLaunch launch, Consumer<Report> reports, Preemption preemption) {
        try (RankSession session = RankSession.start(launch, reports, preemption)) {
            TrainingLoop.End end = session.train();
            return switch (end.ending()) {
                case FINISHED -> {
                    reports.accept(new Report.Finished(launch.rank(), end.step(), Map.of()));
                    yield ExitCode.FINISHED;
                }
                case PREEMPTED -> {
                    reports.accept(new Report.Preempted(launch.rank(), end.step()));
                    yield ExitCode.PREEMPTED;
                }
                case ANOMALY -> ExitCode.ANOMALY;
            };
        } catch (Throwable e) {
            e.printStackTrace();
            reports.accept(Failures.report(launch.rank(), e));
            return ExitCode.FAILED;
        }
    }
}
