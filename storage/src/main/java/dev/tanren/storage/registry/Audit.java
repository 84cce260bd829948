package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who did what, append-only; each entry holds the hash of the one before it.
public interface Audit {

    void append(AuditRecord done);

    /// All about one subject, oldest first.
    List<Entry> list(String subject, int limit);

    /// Newest first.
    ///
    /// @param below id that all entries of the page are below; null for the first page
    List<Entry> page(Filter filter, @Nullable Long below, int limit);

    /// Walks the chain from its beginning to its end or its first fault, a piece at a time in
    /// memory. That the newest entries were cut off shows only by comparing with an end that
    /// somebody has noted.
    Verification verify();

    /// Fields that are null do not filter.
    ///
    /// @param actor id or name
    /// @param action a whole one, such as `run.pause`, or its beginning up to a point, such as
    ///     `run`
    /// @param since the first moment that counts
    /// @param until the first moment that counts no more
    record Filter(
            @Nullable String actor,
            @Nullable String action,
            @Nullable String subject,
            @Nullable Instant since,
            @Nullable Instant until) {
        public static final Filter ALL = new Filter(null, null, null, null, null);
    }

    /// @param actorId null in entries from before ids were kept, as are role and address
    /// @param before a JSON object, as in [AuditRecord]
    /// @param after a JSON object
    /// @param detail a JSON object
    /// @param hash over all of it and the hash of the entry before, SHA-256 in hexadecimal
    record Entry(
            long id,
            Instant at,
            @Nullable String actorId,
            String actor,
            @Nullable String role,
            @Nullable String address,
            String action,
            String subject,
            @Nullable String reason,
            @Nullable String before,
            @Nullable String after,
            String detail,
            String hash) {}

    /// What a walk along the chain found.
    ///
    /// @param entries how many follow from each other, from the first on
    /// @param last the last of them
    /// @param firstBroken id of the first that does not follow; null where the chain is whole
    record Verification(
            long entries, @Nullable Entry first, @Nullable Entry last, @Nullable Long firstBroken) {

        public boolean whole() {
            return firstBroken == null;
        }
    }
}
