package dev.tanren.deploy.bench;

import dev.tanren.deploy.stack.TemporaryStore;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.Timetable;
import dev.tanren.storage.objects.StoreAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// A real rank as a worker starts it, which trains the first phase of a plan's first stage alone,
/// with a store of its own and without a stack.
public final class BenchRank {

    public static final String MAIN = "dev.tanren.trainer.rank.RankMain";
    private static final String RUN = "bench";
    private static final Path PROCESSES = Path.of("/proc");
    private static final String PEAK = "VmHWM:";

    private final TemporaryStore store;
    private final Path folder;

    /// @param folder of its own, for what it keeps on disk
    public BenchRank(TemporaryStore store, Path folder) {
        this.store = store;
        this.folder = folder;
    }

    /// A report and when it came, in seconds from the start of the process.
    public record Received(Report report, double seconds) {}

    /// What a rank did.
    ///
    /// @param peakBytes most that it had resident at once, to its last report
    public record Measured(List<Received> received, long peakBytes) {
        public Measured {
            received = List.copyOf(received);
        }

        public List<Report.StepFinished> steps() {
            return received.stream()
                    .map(Received::report)
                    .filter(Report.StepFinished.class::isInstance)
                    .map(Report.StepFinished.class::cast)
                    .toList();
        }

        /// Seconds from the start of the process to the first report of a kind.
        public double secondsTo(Class<? extends Report> kind) {
            return received.stream()
                    .filter(reported -> kind.isInstance(reported.report()))
                    .mapToDouble(Received::seconds)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /// Makes the rank's command from its arguments.
    @FunctionalInterface
    public interface Command {
        RuntimeCommand of(List<String> arguments) throws InterruptedException;
    }

    /// Trains to the end of the phase.
    ///
    /// @param datasets manifest keys by the names that the plan has for them
    /// @throws TanrenException `INTERNAL` with the end of its log where it does not get there
    public Measured train(
            Plan plan, Architecture architecture, Map<String, String> datasets, Command command)
            throws IOException, InterruptedException {
        Path socket = folder.resolve("reports.sock");
        Path log = folder.resolve("rank.log");
        Path launch = folder.resolve("launch.json");
        Files.writeString(launch, Json.write(launch(plan, architecture, datasets, socket)));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            ProcessBuilder builder = command.of(List.of(launch.toString())).processBuilder();
            builder.environment().putAll(store.environment());
            builder.redirectErrorStream(true).redirectOutput(log.toFile());
            long begin = System.nanoTime();
            Process process = builder.start();
            CompletableFuture<Measured> measured =
                    CompletableFuture.supplyAsync(() -> listen(listener, process, begin));
            try {
                int code = process.waitFor();
                if (code != 0) {
                    throw failed(code, log);
                }
                return measured.join();
            } finally {
                process.destroyForcibly();
            }
        } finally {
            Files.deleteIfExists(socket);
        }
    }

    private RankLaunch launch(
            Plan plan, Architecture architecture, Map<String, String> datasets, Path socket) {
        TrainingStage stage = (TrainingStage) plan.stages().getFirst();
        Timetable.Entry phase = Timetable.of(stage).entries().getFirst();
        return new RankLaunch(
                RUN,
                stage.id(),
                phase.phase().id(),
                1,
                1,
                0,
                1,
                "127.0.0.1",
                0,
                socket.toString(),
                folder.toString(),
                folder.resolve("cache").toString(),
                StoreAddress.from(store.environment()),
                plan,
                architecture,
                new InitialState.Random(),
                datasets,
                phase.lastStep(),
                "runs/" + RUN + "/" + stage.id() + "/checkpoints/",
                List.of(),
                null);
    }

    /// Ends with the rank's end of the connection.
    private static Measured listen(ServerSocketChannel listener, Process process, long begin) {
        List<Received> received = new ArrayList<>();
        long peak = 0;
        try (SocketChannel connection = listener.accept();
                BufferedReader lines =
                        new BufferedReader(
                                Channels.newReader(connection, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                double seconds = (System.nanoTime() - begin) / 1e9;
                received.add(new Received(Json.read(line, Report.class), seconds));
                peak = Math.max(peak, peakBytes(process.pid()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Measured(received, peak);
    }

    /// 0 once the process has ended.
    private static long peakBytes(long pid) {
        try {
            return Files.readAllLines(PROCESSES.resolve(Long.toString(pid)).resolve("status"))
                    .stream()
                    .filter(line -> line.startsWith(PEAK))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    private static TanrenException failed(int code, Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return new TanrenException(
                ErrorCode.INTERNAL,
                "The rank ended with exit code "
                        + code
                        + ": "
                        + String.join(
                                " | ", lines.subList(Math.max(0, lines.size() - 3), lines.size())),
                log.toString(),
                "Look at its log.");
    }
}
