package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.internal.SupervisorProcess;
import dev.tanren.deploy.stack.internal.SupervisorProcess.Request;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/// Supervises the embedded stack of `$TANREN_HOME` until SIGTERM, which stops it in good order.
///
/// Arguments: the console's port, the number of workers, then the folders that sources of plans may
/// lie in. Started by `./tanren up`.
public final class SupervisorMain {

    private SupervisorMain() {}

    public static void main(String[] arguments) {
        Map<String, String> environment = System.getenv();
        TanrenHome home = TanrenHome.of(environment);
        Installation installation = Installation.of(environment);
        Request request =
                new Request(
                        Integer.parseInt(arguments[0]),
                        Integer.parseInt(arguments[1]),
                        Arrays.stream(arguments).skip(2).map(Path::of).toList());
        int code =
                SupervisorProcess.run(
                        home,
                        request,
                        ports ->
                                new StackSettings(
                                        home,
                                        installation,
                                        Secrets.of(home),
                                        ports,
                                        request.workers(),
                                        request.fileRoots()));
        // Halts, because an exit would wait for the shutdown hook, which waits for this thread.
        Runtime.getRuntime().halt(code);
    }
}
