package dev.tanren.trainer.rank;

import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Lineage;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.PhaseAttempt;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.trainer.export.ExportMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Real rank processes of one attempt, as a worker would run them.
final class Gang implements AutoCloseable {

    /// What is the same for all attempts of a test.
    ///
    /// @param wrapper arguments before those of a rank, such as `prlimit` with its own
    /// @param memoryLimit of each rank in bytes; null for none
    record Setting(
            EmbeddedS3 s3,
            ObjectStore store,
            StoreAddress address,
            Path folder,
            Plan plan,
            Architecture architecture,
            Map<String, String> datasets,
            String runId,
            List<String> wrapper,
            @Nullable Long memoryLimit) {

        TrainedOn trainedOn() {
            return Inputs.of(architecture, datasets);
        }

        TrainingStage stage() {
            return (TrainingStage) plan.stages().getFirst();
        }

        Setting with(Plan other) {
            return copy(address, other, architecture, datasets, wrapper, memoryLimit);
        }

        Setting with(Architecture other) {
            return copy(address, plan, other, datasets, wrapper, memoryLimit);
        }

        Setting with(Map<String, String> other) {
            return copy(address, plan, architecture, other, wrapper, memoryLimit);
        }

        Setting through(String endpoint) {
            StoreAddress other =
                    new StoreAddress(
                            endpoint,
                            address.region(),
                            address.bucket(),
                            address.prefix(),
                            address.pathStyle());
            return copy(other, plan, architecture, datasets, wrapper, memoryLimit);
        }

        Setting under(String... arguments) {
            return copy(address, plan, architecture, datasets, List.of(arguments), memoryLimit);
        }

        Setting withMemory(long limit) {
            return copy(address, plan, architecture, datasets, wrapper, limit);
        }

        private Setting copy(
                StoreAddress newAddress,
                Plan newPlan,
                Architecture newArchitecture,
                Map<String, String> newDatasets,
                List<String> newWrapper,
                @Nullable Long newLimit) {
            return new Setting(
                    s3,
                    store,
                    newAddress,
                    folder,
                    newPlan,
                    newArchitecture,
                    newDatasets,
                    runId,
                    newWrapper,
                    newLimit);
        }
    }

    private final Setting setting;
    private final String phase;
    private final long token;
    private final Path scratch;
    private final ReportInbox inbox;
    private final List<Process> processes = new ArrayList<>();

    private Gang(Setting setting, String phase, long token, BiConsumer<Gang, Report> watcher)
            throws IOException {
        this.setting = setting;
        this.phase = phase;
        this.token = token;
        this.scratch = Files.createTempDirectory("gang-");
        this.inbox =
                ReportInbox.listen(scratch.resolve("s"), report -> watcher.accept(this, report));
    }

    static Gang start(Setting setting, String phase, long token, int ranks, InitialState initial)
            throws IOException {
        return start(setting, phase, token, ranks, initial, (gang, report) -> {});
    }

    static Gang start(
            Setting setting,
            String phase,
            long token,
            int ranks,
            InitialState initial,
            BiConsumer<Gang, Report> watcher)
            throws IOException {
        return start(setting, phase, token, ranks, initial, List.of(), watcher);
    }

    /// @param skipped steps whose batches are left out
    static Gang start(
            Setting setting,
            String phase,
            long token,
            int ranks,
            InitialState initial,
            List<Long> skipped,
            BiConsumer<Gang, Report> watcher)
            throws IOException {
        Gang gang = new Gang(setting, phase, token, watcher);
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        for (int rank = 0; rank < ranks; rank++) {
            gang.launch(rank, ranks, port, initial, skipped);
        }
        return gang;
    }

    private static Lineage lineage(Setting setting, String tokenizerKey) {
        TrainedOn trainedOn = setting.trainedOn();
        TrainedOn.Tokenizer tokenizer =
                new TrainedOn.Tokenizer(
                        tokenizerKey,
                        Objects.requireNonNull(trainedOn.model().tokenizer()).sha256());
        return new Lineage(
                new TrainedOn(
                        new TrainedOn.Model(setting.architecture(), tokenizer, null),
                        trainedOn.datasets()),
                List.of(
                        new Lineage.Evaluation("code", 0, 5.5, 244.7),
                        new Lineage.Evaluation("code", 8, 4.25, 70.1)));
    }

    /// A process that publishes a checkpoint below `target`.
    static Gang export(Setting setting, String manifestKey, String tokenizerKey, String target)
            throws IOException {
        Gang gang = new Gang(setting, "export", 1, (self, report) -> {});
        ExportLaunch launch =
                new ExportLaunch(
                        setting.runId(),
                        "release",
                        gang.scratch.resolve("s").toString(),
                        gang.scratch.toString(),
                        setting.folder().resolve("cache").toString(),
                        setting.address(),
                        setting.plan(),
                        manifestKey,
                        target,
                        List.of(Stage.Format.HUGGINGFACE, Stage.Format.DJL),
                        lineage(setting, tokenizerKey));
        Path file = gang.scratch.resolve("launch.json");
        Files.writeString(file, Json.write(launch));
        gang.processes.add(
                process(setting, ExportMain.class.getName(), file, gang.scratch.resolve("rank-0")));
        return gang;
    }

    private void launch(int rank, int ranks, int port, InitialState initial, List<Long> skipped)
            throws IOException {
        RankLaunch launch =
                new RankLaunch(
                        new PhaseAttempt(
                                setting.runId(),
                                setting.plan(),
                                setting.stage().id(),
                                phase,
                                1,
                                token,
                                setting.trainedOn(),
                                Timetable.of(setting.stage()).of(phase).lastStep(),
                                skipped,
                                List.of()),
                        rank,
                        ranks,
                        "127.0.0.1",
                        port,
                        scratch.resolve("s").toString(),
                        scratch.toString(),
                        setting.folder().resolve("cache").toString(),
                        setting.address(),
                        initial,
                        setting.memoryLimit());
        Path file = scratch.resolve("launch-" + rank + ".json");
        Files.writeString(file, Json.write(launch));
        processes.add(
                process(setting, RankMain.class.getName(), file, scratch.resolve("rank-" + rank)));
    }

    static Process process(Setting setting, String mainClass, Path launch, Path log)
            throws IOException {
        RuntimeCommand command =
                RuntimeCommand.trainer(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path"),
                        Path.of(System.getProperty("user.home"), ".javacpp", "cache"),
                        mainClass,
                        1,
                        List.of(launch.toString()));
        ProcessBuilder builder = command.processBuilder();
        List<String> arguments = new ArrayList<>(setting.wrapper());
        arguments.addAll(command.arguments());
        builder.command(arguments);
        builder.environment().put(StoreAddress.ACCESS_KEY_VARIABLE, setting.s3().accessKey());
        builder.environment().put(StoreAddress.SECRET_KEY_VARIABLE, setting.s3().secretKey());
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        return builder.start();
    }

    Process process(int rank) {
        return processes.get(rank);
    }

    List<Report> reports() {
        return inbox.reports();
    }

    <T extends Report> List<T> reports(Class<T> type) {
        return reports().stream().filter(type::isInstance).map(type::cast).toList();
    }

    /// Waits until a report comes for which the condition holds.
    void await(Predicate<Report> condition) throws InterruptedException {
        if (!inbox.await(condition)) {
            throw new IllegalStateException("no such report among " + reports() + "\n" + logs());
        }
    }

    /// Waits for all ranks to end.
    List<Integer> exitCodes() throws InterruptedException {
        List<Integer> codes = new ArrayList<>();
        for (Process process : processes) {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a rank does not end\n" + logs());
            }
            codes.add(process.exitValue());
        }
        Thread.sleep(50); // the last lines may still be on their way
        return codes;
    }

    /// Sends a signal to a rank, by `kill`.
    void signal(int rank, String name) {
        try {
            String pid = Long.toString(process(rank).pid());
            int code = new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor();
            if (code != 0) {
                throw new IllegalStateException("kill -" + name + " ended with " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Does something again and again until a rank's log has a text.
    void awaitLog(int rank, String text, Runnable again) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.readString(scratch.resolve("rank-" + rank)).contains(text)) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("no " + text + " in\n" + logs());
            }
            again.run();
            Thread.sleep(200);
        }
    }

    /// SIGKILL to all.
    void kill() {
        processes.forEach(Process::destroyForcibly);
    }

    String logs() {
        StringBuilder logs = new StringBuilder();
        for (int rank = 0; rank < processes.size(); rank++) {
            try {
                logs.append(Files.readString(scratch.resolve("rank-" + rank)));
            } catch (IOException e) {
                logs.append(e);
            }
        }
        return logs.toString();
    }

    private SavedShards saved() {
        return new SavedShards(
                setting, phase, token, reports(Report.ShardSaved.class), processes.size());
    }

    /// The newest step that every rank saved; 0 where there is none.
    long savedStep() {
        return saved().newestStep();
    }

    /// Writes a manifest of the newest step that every rank saved.
    InitialState.Resume commit() {
        return saved().commit();
    }

    /// The values of a tensor that was saved in one piece.
    float[] saved(long step, String tensor) {
        return saved().tensor(step, tensor);
    }

    /// Hash over the newest state that every rank saved.
    String hash() {
        return saved().hash();
    }

    @Override
    public void close() throws IOException {
        kill();
        inbox.close();
    }

    /// Closes the worker's end of all connections.
    void abandon() throws IOException {
        inbox.abandon();
    }
}
