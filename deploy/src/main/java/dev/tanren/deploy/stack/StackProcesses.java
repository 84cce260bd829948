package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.internal.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Process ids of a stack's parts and of what they have started, at the moment of asking.
public final class StackProcesses {

    private static final String WORKER = "worker";
    private static final String RANK_MAIN = "dev.tanren.trainer.rank.RankMain";

    private StackProcesses() {}

    /// @param part its name in `./tanren status`
    /// @return empty while it has no process
    public static OptionalLong of(StackControl control, String part) {
        return control.running().stream()
                .flatMap(status -> status.part(part).stream())
                .flatMap(found -> Stream.ofNullable(found.process()))
                .mapToLong(ProcessIdentity::pid)
                .findFirst();
    }

    /// `worker`, or `worker-1` and on.
    public static List<Long> workers(StackControl control) {
        return control.running().stream()
                .flatMap(status -> status.parts().stream())
                .filter(part -> part.name().startsWith(WORKER))
                .flatMap(part -> Stream.ofNullable(part.process()))
                .map(ProcessIdentity::pid)
                .toList();
    }

    /// The ranks that a worker's process has launched.
    public static List<Long> ranksOf(long worker) {
        return ProcessHandle.of(worker).stream()
                .flatMap(ProcessHandle::descendants)
                .filter(process -> process.info().commandLine().orElse("").contains(RANK_MAIN))
                .map(ProcessHandle::pid)
                .toList();
    }

    /// Takes the processors from a process until [#goOn], at once; nothing where it has ended.
    public static void halt(long process) {
        Signals.send(process, Signals.STOP);
    }

    /// Lets a process go on that was halted.
    public static void goOn(long process) {
        Signals.send(process, Signals.CONTINUE);
    }

    /// What a process was started with, as every program of the same user can read it on Linux.
    public static Map<String, String> environmentOf(long process) {
        Map<String, String> environment = new TreeMap<>();
        for (String entry : entries(process, "environ")) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                environment.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        return environment;
    }

    /// The program of a process and its arguments, as read on Linux.
    public static List<String> commandOf(long process) {
        return entries(process, "cmdline");
    }

    private static List<String> entries(long process, String file) {
        try {
            String text = Files.readString(Path.of("/proc/" + process, file));
            // Each entry ends with the character.
            return List.of(text.substring(0, Math.max(0, text.length() - 1)).split("\0", -1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
