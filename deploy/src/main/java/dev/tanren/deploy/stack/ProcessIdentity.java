package dev.tanren.deploy.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A process that is told from a later one with the same id by its start time.
///
/// @param startTicks clock ticks from the machine's start to that of the process, as `/proc` has it
public record ProcessIdentity(long pid, long startTicks) {

    /// Fields of `/proc/<pid>/stat` after the parenthesised name, see proc(5).
    private static final int STATE = 0;

    private static final int START_TIME = 19;

    /// The living process with this id; empty when there is none or only a zombie.
    public static Optional<ProcessIdentity> of(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            if (fields[STATE].equals("Z") || fields[STATE].equals("X")) {
                return Optional.empty();
            }
            return Optional.of(new ProcessIdentity(pid, Long.parseLong(fields[START_TIME])));
        } catch (IOException | IndexOutOfBoundsException gone) {
            return Optional.empty();
        }
    }

    public static ProcessIdentity ofThisProcess() {
        return of(ProcessHandle.current().pid()).orElseThrow();
    }

    public boolean alive() {
        return of(pid).filter(this::equals).isPresent();
    }
}
