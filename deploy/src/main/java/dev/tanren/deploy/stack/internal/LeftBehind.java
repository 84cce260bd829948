package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.StackStatus.Part;
import dev.tanren.deploy.stack.StackStatus.PartState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Parts whose supervisor was killed.
public record LeftBehind(StackFile file) {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public static void askToEnd(ProcessIdentity process) {
        if (process.alive()) {
            Signals.send(process.pid(), Signals.TERMINATE);
        }
    }

    /// Stops them by process id, the last started first.
    ///
    /// @return whether any of them was alive
    public boolean stop(StackStatus status) {
        boolean any = false;
        List<Part> stopped = new ArrayList<>();
        for (Part part : status.parts().reversed()) {
            ProcessIdentity identity = part.process();
            Optional<RunningProcess> process =
                    identity == null ? Optional.empty() : RunningProcess.adopt(identity);
            if (process.isPresent()) {
                any = true;
                int signal = part.name().equals("postgres") ? Signals.INTERRUPT : Signals.TERMINATE;
                process.get().stop(signal, PATIENCE);
            }
            stopped.add(0, stoppedNow(part));
        }
        file.write(
                new StackStatus(
                        status.version(),
                        StackStatus.Phase.STOPPED,
                        status.supervisor(),
                        status.console(),
                        status.ports(),
                        status.workers(),
                        status.fileRoots(),
                        stopped,
                        null));
        return any;
    }

    private static Part stoppedNow(Part part) {
        return new Part(
                part.name(),
                PartState.STOPPED,
                null,
                part.port(),
                part.since(),
                part.restarts(),
                false,
                "",
                part.command(),
                part.log());
    }
}
