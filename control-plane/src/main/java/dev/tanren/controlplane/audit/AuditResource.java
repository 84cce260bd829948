package dev.tanren.controlplane.audit;

import static dev.tanren.controlplane.run.RunsResource.blankToNull;
import static dev.tanren.controlplane.run.RunsResource.length;
import static dev.tanren.controlplane.run.RunsResource.malformed;

import dev.tanren.controlplane.api.AuditEntry;
import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.controlplane.text.RequestTimes;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.Audit.Entry;
import dev.tanren.storage.registry.Audit.Filter;
import dev.tanren.storage.registry.PostgresRegistry;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// The audit, for administrators.
@Path("/api/v1/audit")
@Produces(MediaType.APPLICATION_JSON)
public class AuditResource {

    private final Audit audit;

    /// A walk reads every entry: one at a time.
    private final Semaphore walks = new Semaphore(1);

    AuditResource(PostgresRegistry registry) {
        this.audit = registry.audit();
    }

    /// What a walk along the chain found.
    ///
    /// @param entries how many follow from each other, from the first on
    /// @param last the last of them; whoever notes its id and hash sees later whether it is
    ///     still there
    /// @param whole whether these are all
    /// @param firstBroken id of the first that does not follow
    public record ChainView(
            long entries,
            @Nullable AuditEntry first,
            @Nullable AuditEntry last,
            boolean whole,
            @Nullable Long firstBroken) {}

    /// Newest first.
    ///
    /// @param actor id or name
    /// @param action a whole one, such as `run.pause`, or its beginning, such as `run`
    /// @param subject such as `run/01m8…`
    /// @param since first moment, as `2026-11-24T08:00:00Z`
    /// @param until the moment after the last
    /// @param cursor the `nextCursor` of the page before
    @GET
    @RolesAllowed(Roles.ADMIN)
    public Page<AuditEntry> list(
            @QueryParam("actor") @Nullable String actor,
            @QueryParam("action") @Nullable String action,
            @QueryParam("subject") @Nullable String subject,
            @QueryParam("since") @Nullable String since,
            @QueryParam("until") @Nullable String until,
            @QueryParam("cursor") @Nullable String cursor,
            @QueryParam("limit") @DefaultValue("50") String limit) {
        int most = length(limit);
        Filter filter =
                new Filter(
                        blankToNull(actor),
                        blankToNull(action),
                        blankToNull(subject),
                        moment("since", since),
                        moment("until", until));
        List<Entry> found = audit.page(filter, cursor(cursor), most + 1);
        List<Entry> shown = found.subList(0, Math.min(most, found.size()));
        return new Page<>(
                shown.stream().map(AuditEntry::of).toList(),
                found.size() > most ? Long.toString(shown.getLast().id()) : null);
    }

    /// Walks along the chain of hashes, from the first entry to the last or to the first that does
    /// not follow from the one before it.
    ///
    /// @throws TanrenException `TOO_MANY_REQUESTS` while another walk is under way
    @GET
    @RolesAllowed(Roles.ADMIN)
    @Path("verification")
    public ChainView verification() {
        if (!walks.tryAcquire()) {
            throw new TanrenException(
                    ErrorCode.TOO_MANY_REQUESTS,
                    "the audit is being verified already, and that reads all of it",
                    "audit",
                    "wait for its end, and ask again");
        }
        try {
            Audit.Verification found = audit.verify();
            return new ChainView(
                    found.entries(),
                    view(found.first()),
                    view(found.last()),
                    found.whole(),
                    found.firstBroken());
        } finally {
            walks.release();
        }
    }

    private static @Nullable AuditEntry view(@Nullable Entry entry) {
        return entry == null ? null : AuditEntry.of(entry);
    }

    private static @Nullable Instant moment(String name, @Nullable String text) {
        String given = blankToNull(text);
        return given == null
                ? null
                : RequestTimes.read(given)
                        .orElseThrow(() -> malformed(name, "a time such as 2026-11-24T08:00:00Z"));
    }

    private static @Nullable Long cursor(@Nullable String cursor) {
        String value = blankToNull(cursor);
        if (value == null) {
            return null;
        }
        if (!value.matches("\\d{1,18}")) {
            throw malformed("cursor", "the nextCursor of the page before");
        }
        return Long.valueOf(value);
    }
}
