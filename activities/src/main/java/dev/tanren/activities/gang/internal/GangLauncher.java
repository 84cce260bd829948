package dev.tanren.activities.gang.internal;

import dev.tanren.activities.memory.MemoryWatch;
import dev.tanren.activities.process.LaunchedProcess;
import dev.tanren.activities.process.Scratch;
import dev.tanren.activities.process.StoreCredentials;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.StartingPoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/// Starts the ranks of a gang.
///
/// @param command makes the command of one rank from its threads and arguments
/// @param memoryBytes the most that the ranks of a gang can be promised together, in equal parts
/// @param credentials of the object store, of which every rank gets those of its run
public record GangLauncher(
        RankCommand command,
        StoreAddress store,
        Path cache,
        long memoryBytes,
        StoreCredentials credentials) {

    private static final String LOOPBACK = "127.0.0.1";

    @FunctionalInterface
    public interface RankCommand {
        RuntimeCommand of(int threads, List<String> arguments);
    }

    /// @param memory that is promised to the ranks, in equal parts
    /// @param exited told rank and exit code
    public Ranks launch(
            GangRequest request,
            TrainingStage stage,
            Scratch scratch,
            Path reportSocket,
            MemoryWatch memory,
            BiConsumer<Integer, Integer> exited) {
        int ranks = stage.parallelism().ranks();
        int port = freePort();
        Map<String, String> keys =
                credentials.environment(
                        request.work().runId(),
                        request.work().stageId(),
                        request.work().trainedOn());
        List<LaunchedProcess> processes = new ArrayList<>();
        List<Path> logs = new ArrayList<>();
        try {
            for (int rank = 0; rank < ranks; rank++) {
                int number = rank;
                Path folder = scratch.folder("rank-" + rank);
                Path launch =
                        scratch.launchFile(
                                "rank-" + rank + ".json",
                                launch(request, number, ranks, port, reportSocket, folder));
                Path log = log(scratch, rank);
                logs.add(log);
                LaunchedProcess process =
                        LaunchedProcess.start(
                                "rank-" + rank,
                                command.of(stage.threadsPerRank(), List.of(launch.toString()))
                                        .withMemory(memory.grant().bytes() / ranks)
                                        .processBuilder()
                                        .directory(folder.toFile()),
                                keys,
                                log,
                                code -> exited.accept(number, code));
                processes.add(process);
                memory.add(process.pid());
            }
        } catch (RuntimeException | Error e) {
            processes.forEach(LaunchedProcess::kill);
            processes.forEach(LaunchedProcess::awaitEnd);
            throw e;
        }
        return new Ranks(processes, logs, memory);
    }

    public static Path log(Scratch scratch, int rank) {
        return scratch.folder().resolve("rank-" + rank + ".log");
    }

    private RankLaunch launch(
            GangRequest request, int rank, int ranks, int port, Path socket, Path folder) {
        return new RankLaunch(
                request.work(),
                rank,
                ranks,
                LOOPBACK,
                port,
                socket.toString(),
                folder.toString(),
                cache.toString(),
                store,
                initialState(request.start()),
                memoryLimit(ranks));
    }

    /// The most that one of the ranks of a gang can have on this worker, in bytes.
    public long memoryLimit(int ranks) {
        return memoryBytes / ranks;
    }

    private static InitialState initialState(StartingPoint start) {
        return switch (start) {
            case StartingPoint.Fresh fresh -> new InitialState.Random();
            case StartingPoint.Imported imported -> new InitialState.Imported(imported.prefix());
            case StartingPoint.OtherStage other -> new InitialState.Weights(other.manifestKey());
            case StartingPoint.Checkpoint checkpoint ->
                    new InitialState.Resume(checkpoint.manifestKey(), checkpoint.step());
        };
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.RANK_LAUNCH,
                    "no port is free for the ranks' rendezvous: " + e.getMessage(),
                    LOOPBACK,
                    "end other programs on this machine",
                    e);
        }
    }
}
