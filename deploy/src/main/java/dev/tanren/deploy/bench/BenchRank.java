package dev.tanren.deploy.bench;

import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TemporaryStore;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.PhaseAttempt;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.server.TemporaryFolder;
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
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// A real rank as a worker starts it, which trains the first phase of a plan's first stage alone on
/// random tokens, with a store of its own and without a stack.
public final class BenchRank implements AutoCloseable {

    private static final String MAIN = "dev.tanren.trainer.rank.RankMain";
    private static final String RUN = "bench";
    private static final Path PROCESSES = Path.of("/proc");
    private static final String PEAK = "VmHWM:";

    private final ModelRuntime runtime;
    private final Plan plan;
    private final Architecture architecture;
    private final TrainingStage stage;
    private final TemporaryStore store;
    private final TemporaryFolder folder;

    private BenchRank(
            ModelRuntime runtime, Plan plan, TemporaryStore store, TemporaryFolder folder) {
        this.runtime = runtime;
        this.plan = plan;
        this.architecture = ((ModelSource.Fresh) plan.model()).architecture();
        this.stage = (TrainingStage) plan.stages().getFirst();
        this.store = store;
        this.folder = folder;
    }

    /// Starts the store and puts the tokens there.
    ///
    /// @param plan of an architecture, which begins with training; each of its datasets is these
    ///     tokens
    public static BenchRank prepare(
            ModelRuntime runtime, Plan plan, int trainingTokens, int heldOutTokens)
            throws IOException {
        TemporaryFolder folder = TemporaryFolder.create("tanren-bench-");
        BenchRank rank = new BenchRank(runtime, plan, TemporaryStore.start(), folder);
        try {
            int vocabulary = rank.architecture.vocabSize();
            RandomTokens.store(
                    rank.store, folder.path(), vocabulary, trainingTokens, heldOutTokens);
            return rank;
        } catch (IOException | RuntimeException e) {
            rank.close();
            throw e;
        }
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

    /// Trains to the end of the phase. May be called again, with the node's caches warm then.
    ///
    /// @param change of the command before it is started
    /// @throws TanrenException `INTERNAL` with the end of its log where it does not get there
    public Measured train(UnaryOperator<RuntimeCommand> change)
            throws IOException, InterruptedException {
        Path socket = folder.path().resolve("reports.sock");
        Path log = folder.path().resolve("rank.log");
        Path launch = folder.path().resolve("launch.json");
        Files.writeString(launch, Json.write(launch(socket)));
        RuntimeCommand command =
                runtime.trainer(MAIN, stage.threadsPerRank(), List.of(launch.toString()));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            ProcessBuilder builder = change.apply(command).processBuilder();
            builder.environment().putAll(store.environment());
            builder.redirectErrorStream(true).redirectOutput(log.toFile());
            long begin = System.nanoTime();
            Process process = builder.start();
            CompletableFuture<Measured> measured =
                    CompletableFuture.supplyAsync(
                            () -> listen(listener, process, begin),
                            task -> Thread.ofVirtual().name("bench-reports").start(task));
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

    private RankLaunch launch(Path socket) {
        Timetable.Entry phase = Timetable.of(stage).entries().getFirst();
        return new RankLaunch(
                new PhaseAttempt(
                        RUN,
                        plan,
                        stage.id(),
                        phase.phase().id(),
                        1,
                        1,
                        trainedOn(),
                        phase.lastStep(),
                        List.of(),
                        List.of()),
                0,
                1,
                "127.0.0.1",
                0,
                socket.toString(),
                folder.path().toString(),
                folder.path().resolve("cache").toString(),
                StoreAddress.from(store.environment()),
                new InitialState.Random(),
                null);
    }

    private TrainedOn trainedOn() {
        TrainedOn.Data random = new TrainedOn.Data("random", RandomTokens.MANIFEST, "");
        return new TrainedOn(
                new TrainedOn.Model(architecture, null, null),
                plan.datasets().keySet().stream()
                        .collect(Collectors.toMap(name -> name, name -> random)));
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

    @Override
    public void close() throws IOException {
        try (folder) {
            store.close();
        }
    }
}
