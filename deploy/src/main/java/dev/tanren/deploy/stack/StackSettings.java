package dev.tanren.deploy.stack;

import java.nio.file.Path;
import java.util.List;

/// All that decides how the embedded stack is started.
///
/// @param workers how many worker processes, at least 1
/// @param fileRoots folders that `file:` sources of plans may lie in
public record StackSettings(
        TanrenHome home,
        Installation installation,
        Secrets secrets,
        Ports ports,
        int workers,
        List<Path> fileRoots) {

    public static final int MOST_WORKERS = 16;

    public StackSettings {
        fileRoots = List.copyOf(fileRoots);
        if (workers < 1 || workers > MOST_WORKERS) {
            throw new IllegalArgumentException(
                    "workers is " + workers + ", not 1 to " + MOST_WORKERS);
        }
    }
}
