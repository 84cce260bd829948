package dev.tanren.activities.gang.internal;

import dev.tanren.activities.memory.MemoryWatch;
import dev.tanren.activities.process.FailedAllocation;
import dev.tanren.activities.process.FailureClassifier;
import dev.tanren.activities.process.LaunchedProcess;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.Report;
import dev.tanren.plan.text.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The processes of a gang and how each of them ended. Used by the supervisor's thread alone.
public final class Ranks {

    private static final Logger LOG = LoggerFactory.getLogger(Ranks.class);
    private static final int SIGKILLED = 137;
    private static final String STATE = "State:";

    private final List<LaunchedProcess> processes;
    private final List<Path> logs;
    private final Map<Integer, Integer> exits = new HashMap<>();
    private final Map<Integer, Report.Failed> failures = new HashMap<>();
    private final Map<Integer, Report.AnomalyFound> anomalies = new HashMap<>();
    private final Map<Integer, Long> finished = new HashMap<>();
    private final List<Integer> endedByThemselves = new ArrayList<>();
    private final Map<Integer, String> told = new HashMap<>();
    private final MemoryWatch memory;
    private boolean killed;

    /// @param memory that the processes were promised in equal parts
    public Ranks(List<LaunchedProcess> processes, List<Path> logs, MemoryWatch memory) {
        this.processes = List.copyOf(processes);
        this.logs = List.copyOf(logs);
        this.memory = memory;
    }

    /// What a rank is at, in words.
    public void tells(int rank, String words) {
        told.put(rank, words);
    }

    /// What a rank last told that it was at, and what the kernel says of its process.
    public String state(int rank) {
        String words = told.getOrDefault(rank, "starting");
        return "last heard " + words + "; its process: " + kernelState(processes.get(rank).pid());
    }

    public void failed(Report.Failed report) {
        failures.putIfAbsent(report.rank(), report);
    }

    /// The rank ends by this step.
    public void stoppedBy(Report.AnomalyFound anomaly) {
        anomalies.putIfAbsent(anomaly.rank(), anomaly);
    }

    /// The step that ranks ended by themselves for; null where they did not.
    public Report.@Nullable AnomalyFound anomaly() {
        return endedByThemselves.stream()
                .filter(rank -> Integer.valueOf(ExitCode.ANOMALY).equals(exits.get(rank)))
                .map(anomalies::get)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /// In words, to follow "step 17 is not applied".
    public static String describe(Report.AnomalyFound anomaly) {
        return switch (anomaly.kind()) {
            case NON_FINITE ->
                    "its loss is "
                            + Figure.of(anomaly.loss())
                            + " and its gradient norm "
                            + Figure.of(anomaly.gradientNorm());
            case SPIKE ->
                    "its loss is "
                            + Figure.of(anomaly.loss())
                            + (anomaly.median() == null
                                    ? ""
                                    : ", the median before it " + Figure.of(anomaly.median()));
        };
    }

    public void finished(int rank, long step) {
        finished.put(rank, step);
    }

    public void exited(int rank, int exitCode) {
        exits.put(rank, exitCode);
        if (!killed) {
            endedByThemselves.add(rank);
        }
    }

    public boolean allExited() {
        return exits.size() == processes.size();
    }

    public boolean allFinished() {
        return allExited()
                && exits.values().stream().allMatch(code -> code == ExitCode.FINISHED)
                && finished.size() == processes.size();
    }

    public void terminate() {
        processes.stream().filter(LaunchedProcess::alive).forEach(LaunchedProcess::terminate);
    }

    public void kill() {
        killed = true;
        processes.forEach(LaunchedProcess::kill);
    }

    /// Waits until none is left, after [#kill]; what they had is free then.
    public void awaitEnd() {
        processes.forEach(LaunchedProcess::awaitEnd);
    }

    /// Has every rank write its stacks into its log, and notes what the kernel says of it.
    public void dumpStacks() {
        for (int rank = 0; rank < processes.size(); rank++) {
            LaunchedProcess process = processes.get(rank);
            if (process.alive()) {
                process.dumpStacks();
                noteKernelState(rank, process.pid());
            }
        }
    }

    /// The endings to learn the cause from: those that came before anything was killed.
    public List<FailureClassifier.Ending> endings() {
        return endedByThemselves.stream().filter(this::abnormal).map(this::ending).toList();
    }

    private boolean abnormal(int rank) {
        int code = exits.getOrDefault(rank, 0);
        return code != ExitCode.FINISHED || !finished.containsKey(rank);
    }

    private FailureClassifier.Ending ending(int rank) {
        int code = exits.getOrDefault(rank, 0);
        boolean outOfMemory =
                (code == SIGKILLED && memory.killed(processes.get(rank).pid(), share()))
                        || FailedAllocation.namedIn(logs.get(rank));
        return new FailureClassifier.Ending("rank " + rank, code, failures.get(rank), outOfMemory);
    }

    private long share() {
        return memory.grant().bytes() / processes.size();
    }

    private void noteKernelState(int rank, long pid) {
        try {
            Files.writeString(
                    logs.get(rank),
                    "[worker] rank " + rank + ": its process: " + kernelState(pid) + "\n",
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            LOG.debug("the log of rank {} cannot be written: {}", rank, e.getMessage());
        }
    }

    /// As the kernel writes it, such as `T (stopped)`.
    private static String kernelState(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                    .filter(line -> line.startsWith(STATE))
                    .findFirst()
                    .map(line -> line.substring(STATE.length()).strip())
                    .orElse("unknown");
        } catch (IOException e) {
            return "gone";
        }
    }
}
