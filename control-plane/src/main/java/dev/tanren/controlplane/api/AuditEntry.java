package dev.tanren.controlplane.api;

import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.tanren.storage.registry.Audit.Entry;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One entry of the audit.
///
/// @param actorId id of the token, which no other has; `program:` and a name for a part of Tanren;
///     null in entries from before it was kept
/// @param actor the token's name at that time
/// @param before what changed, as it was; null where there was nothing
/// @param after what changed, as it is since
/// @param hash over the entry and the hash of the one before it
public record AuditEntry(
        long id,
        Instant at,
        @Nullable String actorId,
        String actor,
        @Nullable String role,
        @Nullable String address,
        String action,
        String subject,
        @Nullable String reason,
        @JsonRawValue @Nullable String before,
        @JsonRawValue @Nullable String after,
        @JsonRawValue String detail,
        String hash) {

    public static AuditEntry of(Entry entry) {
        return new AuditEntry(
                entry.id(),
                entry.at(),
                entry.actorId(),
                entry.actor(),
                entry.role(),
                entry.address(),
                entry.action(),
                entry.subject(),
                entry.reason(),
                entry.before(),
                entry.after(),
                entry.detail(),
                entry.hash());
    }
}
