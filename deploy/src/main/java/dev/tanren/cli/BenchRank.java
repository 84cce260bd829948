package dev.tanren.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// A real rank, alone, that trains one step on random tokens of a store: what a worker starts, but
/// without a stack.
final class BenchRank {

    static final String MAIN = "dev.tanren.trainer.rank.RankMain";

    private static final String DATASET = "ids";
    private static final int STEPS_OF_TOKENS = 4;

    private final Map<String, String> store;
    private final Path folder;
    private final Plan plan;
    private final TrainingStage stage;
    private final ModelSource.Fresh model;
    private int starts;

    /// @param store the environment that names it
    /// @param folder an empty one, of this benchmark alone
    /// @param plan of one training stage, whose only dataset is `ids`
    BenchRank(Map<String, String> store, Path folder, Plan plan) throws IOException {
        if (!(plan.stages().getFirst() instanceof TrainingStage first)
                || !(plan.model() instanceof ModelSource.Fresh fresh)) {
            throw new IllegalArgumentException("a plan that trains an architecture");
        }
        this.store = Map.copyOf(store);
        this.folder = folder;
        this.plan = plan;
        this.stage = first;
        this.model = fresh;
        Files.createDirectories(folder.resolve("cache"));
        storeTokens();
    }

    /// Makes the command of a rank from its launch file.
    @FunctionalInterface
    interface Launcher {
        RuntimeCommand of(String launch) throws InterruptedException;
    }

    /// Seconds from the start of the process.
    ///
    /// @param toGreeting until it said hello: the JVM and its classes
    /// @param toReady until it had its state, its data and the other ranks
    /// @param toFirstStep until its first step was done
    record Start(double toGreeting, double toReady, double toFirstStep) {}

    /// Starts a rank, waits for its first step and for its end.
    ///
    /// @throws TanrenException `INTERNAL` with the rank's own words where it fails
    Start start(Launcher launcher) throws IOException, InterruptedException {
        Path own = Files.createDirectory(folder.resolve("start-" + ++starts));
        Path socket = own.resolve("s");
        Path log = own.resolve("log");
        Path launch = own.resolve("launch.json");
        Files.writeString(launch, Json.write(launch(socket, own)));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            ProcessBuilder builder =
                    launcher.of(launch.toString())
                            .processBuilder()
                            .directory(own.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile());
            builder.environment().putAll(store);
            long begin = System.nanoTime();
            Process process = builder.start();
            // A rank that fails before it connects would be waited for without an end.
            Thread.ofPlatform().daemon().start(() -> closeAfter(process, server));
            try (SocketChannel channel = server.accept()) {
                return watch(channel, begin);
            } catch (IOException e) {
                throw failed(log, e);
            } finally {
                process.waitFor();
            }
        }
    }

    private Start watch(SocketChannel channel, long begin) throws IOException {
        double greeting = 0;
        double ready = 0;
        double step = 0;
        try (BufferedReader lines =
                new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                switch (report(line)) {
                    case Report.Hello hello -> greeting = since(begin);
                    case Report.Ready state -> ready = since(begin);
                    case Report.StepFinished done -> step = since(begin);
                    default -> {}
                }
            }
        }
        if (step == 0) {
            throw new IOException("the rank ended before its first step");
        }
        return new Start(greeting, ready, step);
    }

    private static Report report(String line) {
        try {
            return Json.mapper().readValue(line, Report.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a rank reports in JSON lines", e);
        }
    }

    private RankLaunch launch(Path socket, Path own) throws IOException {
        return new RankLaunch(
                "bench",
                stage.id(),
                stage.phases().getFirst().id(),
                1,
                1,
                0,
                1,
                "127.0.0.1",
                freePort(),
                socket.toString(),
                own.toString(),
                folder.resolve("cache").toString(),
                StoreAddress.from(store),
                plan,
                model.architecture(),
                new InitialState.Random(),
                Map.of(DATASET, manifestKey()),
                1,
                "bench/" + own.getFileName() + "/checkpoints/",
                List.of(),
                null);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void storeTokens() throws IOException {
        SplittableRandom random = new SplittableRandom(17);
        TokenShardWriter writer = new TokenShardWriter(2);
        int length = stage.phases().getFirst().sequenceLength();
        long documents = STEPS_OF_TOKENS * stage.globalBatchTokens() / length;
        for (long document = 0; document < documents; document++) {
            int[] ids = random.ints(length, 0, model.architecture().vocabSize()).toArray();
            writer.add(ids, 0, ids.length);
        }
        Path file = folder.resolve("tokens");
        TokenShardWriter.Written written = writer.write(file);
        String key = "datasets/" + DATASET + "/0.tokens";
        DatasetManifest.Shard shard =
                new DatasetManifest.Shard(
                        key,
                        "gold",
                        written.documents(),
                        written.tokens(),
                        written.bytes(),
                        written.sha256());
        DatasetManifest manifest =
                new DatasetManifest(
                        DatasetManifest.VERSION,
                        DATASET,
                        DATASET,
                        model.architecture().vocabSize(),
                        false,
                        List.of(shard),
                        List.of(),
                        new DatasetManifest.Statistics(0, documents, 0, written.tokens(), 0));
        try (ObjectStore objects = S3ObjectStore.connect(store)) {
            objects.put(key, file);
            objects.put(manifestKey(), Json.write(manifest).getBytes(StandardCharsets.UTF_8));
        }
    }

    private static String manifestKey() {
        return "datasets/" + DATASET + "/manifest.json";
    }

    private static TanrenException failed(Path log, IOException cause) throws IOException {
        return new TanrenException(
                ErrorCode.INTERNAL,
                "The rank did not come to its first step: " + cause.getMessage(),
                log.toString(),
                "It said: " + Files.readString(log).strip(),
                cause);
    }

    private static void closeAfter(Process process, ServerSocketChannel server) {
        try {
            process.waitFor();
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static double since(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}
