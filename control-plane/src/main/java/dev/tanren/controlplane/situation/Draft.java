package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Situation.Trouble;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a run stands and what happens by itself, before what people can do is added.
///
/// @param evidence of the state; that of the trouble comes after it
record Draft(
        String state,
        String headline,
        @Nullable Instant since,
        @Nullable Trouble trouble,
        List<String> evidence,
        String doing) {

    Draft(
            String state,
            String headline,
            @Nullable Instant since,
            @Nullable Trouble trouble,
            String doing) {
        this(state, headline, since, trouble, List.of(), doing);
    }

    Draft with(List<String> more) {
        List<String> all = new ArrayList<>(evidence);
        all.addAll(more);
        return new Draft(state, headline, since, trouble, all, doing);
    }
}
