package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.TanrenHome;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A supervisor of its own process over small parts: `base` listens, `front` needs it.
final class FakeStackMain {

    private FakeStackMain() {}

    public static void main(String[] arguments) {
        TanrenHome home = new TanrenHome(Path.of(arguments[0]));
        int console = Integer.parseInt(arguments[1]);
        String build = arguments[2];
        Signals.leaveTerminal();
        int code =
                new SupervisorProcess(
                                home,
                                new SupervisorProcess.Request(console, 1, List.of()),
                                ports -> parts(home, ports, build))
                        .run();
        Runtime.getRuntime().halt(code);
    }

    static List<StackPart> parts(TanrenHome home, Ports ports, String build) {
        HttpClient client = HttpClient.newHttpClient();
        return List.of(
                listening("base", List.of(), home, ports.postgres(), client, ""),
                listening("front", List.of("base"), home, ports.console(), client, build));
    }

    private static StackPart listening(
            String name,
            List<String> needs,
            TanrenHome home,
            int port,
            HttpClient client,
            String build) {
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FakePartMain.class.getName(),
                        Integer.toString(port),
                        home.folder().resolve(name + ".stopped").toString());
        return new StackPart(
                name,
                needs,
                new PartCommand(command, Map.of(), home.folder(), build),
                port,
                new Probe.Http(client, URI.create("http://127.0.0.1:" + port + "/"), 300),
                StackPart.Preparation.NONE,
                Signals.TERMINATE,
                Duration.ofSeconds(10));
    }
}
