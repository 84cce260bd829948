package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who did what, append-only; each row holds the hash of the one before it.
public interface Audit {

    void append(
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detailJson);

    /// Oldest first.
    List<Entry> list(String subject, int limit);

    /// Walks the chain.
    ///
    /// @return id of the first row that does not follow from the one before; empty when the chain
    ///     holds
    java.util.OptionalLong firstBroken();

    record Entry(
            long id,
            Instant at,
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detailJson,
            String hash) {}
}
