package dev.tanren.cli;

import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.units.Durations;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "wait",
        mixinStandardHelpOptions = true,
        description = "Waits for a run's end: exit code 0 succeeded, 1 failed, 6 timeout.")
final class WaitCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--timeout", paramLabel = "DURATION", description = "Such as 90s, 30m or 2h.")
    private @Nullable String timeout;

    @Mixin private OutputOptions output;

    WaitCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        Duration limit = timeout == null ? null : duration(timeout);
        RunFollower follower = new RunFollower(terminal, api, id);
        try {
            int code = follower.follow(limit, RunFollower.Listener.NONE);
            show(follower);
            return code;
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.WAIT_OVER) {
                show(follower);
            }
            throw e;
        }
    }

    private void show(RunFollower follower) {
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, follower.outcome());
        }
    }

    private static Duration duration(String text) {
        try {
            return Durations.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "--timeout is " + text + ", which is no duration.",
                    "--timeout",
                    "Give a number with a unit, such as 90s, 30m or 2h.",
                    e);
        }
    }
}
