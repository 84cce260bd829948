package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.internal.AuditChain.Link;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/// The audit in PostgreSQL. A trigger refuses changes; the chain shows those made past it.
public final class PostgresAudit implements Audit {

    private static final int ROWS_AT_ONCE = 1_000;

    private final Database database;

    public PostgresAudit(Database database) {
        this.database = database;
    }

    @Override
    public void append(AuditRecord done) {
        database.run(handle -> append(handle, done));
    }

    /// Within a transaction that does what the record tells of, as the last that it does: everyone
    /// else who appends waits for its end.
    static void append(Handle handle, AuditRecord done) {
        // One writer at a time: each row needs the hash of the one before it.
        handle.execute("select pg_advisory_xact_lock(hashtext('tanren.audit'))");
        if (done.key() == null || !isKnown(handle, done.key())) {
            insert(handle, link(handle, done));
        }
    }

    private static boolean isKnown(Handle handle, String key) {
        return handle.createQuery("select exists (select 1 from audit where key = :key)")
                .bind("key", key)
                .mapTo(Boolean.class)
                .one();
    }

    private static Link link(Handle handle, AuditRecord done) {
        Optional<Link> last =
                handle.createQuery("select * from audit order by entry_id desc limit 1")
                        .map((row, context) -> link(row))
                        .findOne();
        Entry unsigned =
                new Entry(
                        last.map(link -> link.entry().id() + 1).orElse(1L),
                        Instant.now().truncatedTo(ChronoUnit.MILLIS),
                        done.actor().id(),
                        done.actor().name(),
                        done.actor().role(),
                        done.actor().address(),
                        done.action(),
                        done.subject(),
                        done.reason(),
                        done.before(),
                        done.after(),
                        done.detail(),
                        "");
        return new Link(
                AuditChain.FORM,
                unsigned,
                done.key(),
                last.map(link -> link.entry().hash()).orElse(AuditChain.BEFORE_THE_FIRST));
    }

    private static void insert(Handle handle, Link link) {
        Entry entry = link.entry();
        handle.createUpdate(
                        """
                        insert into audit (entry_id, form, at, actor_id, actor, role, address,
                            action, subject, reason, before, after, detail, key, previous_hash,
                            hash)
                        values (:id, :form, :at, :actorId, :actor, :role, :address,
                            :action, :subject, :reason, :before, :after, :detail, :key, :previous,
                            :hash)
                        """)
                .bind("id", entry.id())
                .bind("form", link.form())
                .bind("at", entry.at())
                .bind("actorId", entry.actorId())
                .bind("actor", entry.actor())
                .bind("role", entry.role())
                .bind("address", entry.address())
                .bind("action", entry.action())
                .bind("subject", entry.subject())
                .bind("reason", entry.reason())
                .bind("before", entry.before())
                .bind("after", entry.after())
                .bind("detail", entry.detail())
                .bind("key", link.key())
                .bind("previous", link.previousHash())
                .bind("hash", AuditChain.hash(link))
                .execute();
    }

    @Override
    public List<Entry> list(String subject, int limit) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from audit where subject = :subject
                                        order by entry_id limit :limit
                                        """)
                                .bind("subject", subject)
                                .bind("limit", limit)
                                .map((row, context) -> link(row).entry())
                                .list());
    }

    @Override
    public List<Entry> page(Filter filter, @Nullable Long below, int limit) {
        Map<String, Object> wanted = wanted(filter, below);
        String where =
                wanted.isEmpty()
                        ? ""
                        : " where (" + String.join(") and (", conditions(wanted)) + ")";
        return database.call(
                handle -> {
                    Query query =
                            handle.createQuery(
                                    "select * from audit"
                                            + where
                                            + " order by entry_id desc limit :limit");
                    wanted.forEach(query::bind);
                    return query.bind("limit", limit)
                            .map((row, context) -> link(row).entry())
                            .list();
                });
    }

    private static Map<String, Object> wanted(Filter filter, @Nullable Long below) {
        Map<String, Object> wanted = new LinkedHashMap<>();
        putIfThere(wanted, "below", below);
        putIfThere(wanted, "actor", filter.actor());
        putIfThere(wanted, "action", filter.action());
        putIfThere(wanted, "subject", filter.subject());
        putIfThere(wanted, "since", filter.since());
        putIfThere(wanted, "until", filter.until());
        return wanted;
    }

    private static void putIfThere(
            Map<String, Object> wanted, String name, @Nullable Object value) {
        if (value != null) {
            wanted.put(name, value);
        }
    }

    private static List<String> conditions(Map<String, Object> wanted) {
        return wanted.keySet().stream()
                .map(
                        name ->
                                switch (name) {
                                    case "below" -> "entry_id < :below";
                                    case "actor" -> "actor_id = :actor or actor = :actor";
                                    case "action" ->
                                            "action = :action or starts_with(action, :action || '.')";
                                    case "since" -> "at >= :since";
                                    case "until" -> "at < :until";
                                    default -> name + " = :" + name;
                                })
                .toList();
    }

    @Override
    public Verification verify() {
        return database.call(
                handle -> {
                    try (Stream<Link> links =
                            handle
                                    .createQuery("select * from audit order by entry_id")
                                    .setFetchSize(ROWS_AT_ONCE)
                                    .map((row, context) -> link(row))
                                    .stream()) {
                        return AuditChain.verify(links.iterator());
                    }
                });
    }

    private static Link link(ResultSet row) throws SQLException {
        return new Link(
                row.getInt("form"),
                new Entry(
                        row.getLong("entry_id"),
                        Columns.instant(row, "at"),
                        row.getString("actor_id"),
                        row.getString("actor"),
                        row.getString("role"),
                        row.getString("address"),
                        row.getString("action"),
                        row.getString("subject"),
                        row.getString("reason"),
                        row.getString("before"),
                        row.getString("after"),
                        row.getString("detail"),
                        row.getString("hash")),
                row.getString("key"),
                row.getString("previous_hash"));
    }
}
