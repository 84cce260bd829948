package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who did what, append-only; each row holds the hash of the one before it.
public interface Audit {

    default void append(
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detailJson) {
        append(actor, action, subject, reason, detailJson, null);
    }

    /// @param key a row with the same key is stored once; null for rows that may repeat
    void append(
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detailJson,
            @Nullable String key);

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
