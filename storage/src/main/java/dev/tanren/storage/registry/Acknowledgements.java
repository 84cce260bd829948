package dev.tanren.storage.registry;

import dev.tanren.storage.registry.Runs.Run;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which runs need a person, and which failures a person has put aside.
public interface Acknowledgements {

    /// Runs that need a person, newest first: what is paused, and what failed, unless somebody has
    /// acknowledged that failure or a later run of the same name has succeeded.
    List<Run> waiting(int limit);

    /// Records that a failure was seen and needs nothing more. Of many the first is kept.
    ///
    /// @param seen a failed run; a failure of a later execution is another one
    void acknowledge(Run seen, String actor, @Nullable String reason);
}
