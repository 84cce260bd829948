package dev.tanren.deploy.stack;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What `stack.json` says: how the supervisor last saw the stack.
///
/// @param phase of the stack as a whole
/// @param supervisor process that keeps the parts, by id and start time
/// @param fileRoots folders that `file:` sources of plans may lie in
/// @param parts in the order in which they are started
/// @param failure why the stack failed; null unless the phase is `FAILED`
public record StackStatus(
        int version,
        Phase phase,
        ProcessIdentity supervisor,
        String console,
        Ports ports,
        int workers,
        List<String> fileRoots,
        List<Part> parts,
        @Nullable Failure failure) {

    public static final int VERSION = 1;

    public StackStatus {
        fileRoots = List.copyOf(fileRoots);
        parts = List.copyOf(parts);
    }

    public enum Phase {
        STARTING,
        RUNNING,
        STOPPING,
        STOPPED,
        FAILED
    }

    public enum PartState {
        /// Waits for parts it needs, or is being prepared.
        WAITING,
        STARTING,
        READY,
        /// Ended and will be started again.
        RESTARTING,
        STOPPED
    }

    /// @param process null while it has none
    /// @param port null for a part that listens nowhere
    /// @param since ISO 8601 instant of the last change of state
    /// @param command hash of command line, environment and build, which tells whether a process
    ///     left behind may be taken over
    public record Part(
            String name,
            PartState state,
            @Nullable ProcessIdentity process,
            @Nullable Integer port,
            String since,
            int restarts,
            boolean healthy,
            String detail,
            String command,
            String log) {}

    /// @param code constant name of `ErrorCode`
    public record Failure(String code, String what, String where, String mend) {}

    public Optional<Part> part(String name) {
        return parts.stream().filter(part -> part.name().equals(name)).findFirst();
    }
}
