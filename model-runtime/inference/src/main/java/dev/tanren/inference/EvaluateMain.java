package dev.tanren.inference;

import dev.tanren.launch.EvaluateLaunch;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.launch.ReportChannel;
import dev.tanren.launch.StoreConnection;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The evaluation process. Its one argument is the file of an [EvaluateLaunch]; it ends with a code
/// of [ExitCode].
public final class EvaluateMain {

    private EvaluateMain() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    private static int run(String[] arguments) {
        EvaluateLaunch launch;
        try {
            launch = Json.read(Files.readString(Path.of(arguments[0])), EvaluateLaunch.class);
        } catch (IOException | IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            System.err.println("no launch file: " + e.getMessage());
            return ExitCode.MISLAUNCHED;
        }
        try (ReportChannel channel = ReportChannel.connect(Path.of(launch.reportSocket()))) {
            channel.send(new Report.Hello(0, ProcessHandle.current().pid()));
            return evaluate(launch, channel);
        } catch (TanrenException e) {
            System.err.println(e.getMessage());
            return ExitCode.MISLAUNCHED;
        }
    }

    private static int evaluate(EvaluateLaunch launch, ReportChannel channel) {
        try (ObjectStore store = StoreConnection.open(launch.store())) {
            new Evaluation(launch, store, channel::send).run();
            return ExitCode.FINISHED;
        } catch (TanrenException e) {
            return failed(channel, e);
        } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
            return failed(
                    channel,
                    new TanrenException(
                            e instanceof OutOfMemoryError
                                    ? ErrorCode.RANK_OUT_OF_MEMORY
                                    : ErrorCode.INTERNAL,
                            "evaluating the model failed: " + e,
                            launch.bundlePrefix(),
                            "See the process's log.",
                            e));
        }
    }

    private static int failed(ReportChannel channel, TanrenException error) {
        error.printStackTrace();
        channel.send(
                new Report.Failed(
                        0, error.code().name(), error.what(), error.where(), error.mend()));
        return ExitCode.FAILED;
    }
}
