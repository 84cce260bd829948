package dev.tanren.storage.registry.internal;

import dev.tanren.spec.text.StorableText;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.registry.Audit;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// The audit in PostgreSQL, a chain of SHA-256 over each row and its predecessor's hash. A trigger
/// refuses changes; the chain shows those made past it. Rows cut off the end leave no trace in it.
public final class PostgresAudit implements Audit {

    private static final String BEFORE_THE_FIRST = "0".repeat(64);

    private final Database database;

    public PostgresAudit(Database database) {
        this.database = database;
    }

    @Override
    public void append(
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detailJson,
            @Nullable String key) {
        database.run(handle -> append(handle, actor, action, subject, reason, detailJson, key));
    }

    /// Within a transaction that does what the row tells of.
    ///
    /// @param key a row with the same key is written once; null where each call is one
    static void append(
            Handle handle,
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detailJson,
            @Nullable String key) {
        // The hash is over what is stored.
        String who = StorableText.of(actor);
        String about = StorableText.of(subject);
        String why = reason == null ? null : StorableText.of(reason);
        // One writer at a time: each row needs the hash of the one before it.
        handle.execute("select pg_advisory_xact_lock(hashtext('tanren.audit'))");
        if (key == null || !isKnown(handle, key)) {
            insert(handle, who, action, about, why, detailJson, key);
        }
    }

    private static boolean isKnown(Handle handle, String key) {
        return handle.createQuery("select exists (select 1 from audit where key = :key)")
                .bind("key", key)
                .mapTo(Boolean.class)
                .one();
    }

    private static void insert(
            Handle handle,
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detail,
            @Nullable String key) {
        Optional<Row> last =
                handle.createQuery("select * from audit order by entry_id desc limit 1")
                        .map((row, context) -> row(row))
                        .findOne();
        long id = last.map(row -> row.entry.id() + 1).orElse(1L);
        String previous = last.map(row -> row.entry.hash()).orElse(BEFORE_THE_FIRST);
        Instant at = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        handle.createUpdate(
                        """
                        insert into audit (entry_id, at, actor, action, subject, reason, detail,
                            key, previous_hash, hash)
                        values (:id, :at, :actor, :action, :subject, :reason, :detail,
                            :key, :previous, :hash)
                        """)
                .bind("id", id)
                .bind("at", at)
                .bind("actor", actor)
                .bind("action", action)
                .bind("subject", subject)
                .bind("reason", reason)
                .bind("detail", detail)
                .bind("key", key)
                .bind("previous", previous)
                .bind("hash", hash(previous, id, at, actor, action, subject, reason, detail))
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
                                .map((row, context) -> row(row).entry)
                                .list());
    }

    @Override
    public OptionalLong firstBroken() {
        return database.call(
                handle -> {
                    try (Stream<Row> rows =
                            handle
                                    .createQuery("select * from audit order by entry_id")
                                    .setFetchSize(1_000)
                                    .map((row, context) -> row(row))
                                    .stream()) {
                        return firstBroken(rows.iterator());
                    }
                });
    }

    private static OptionalLong firstBroken(java.util.Iterator<Row> rows) {
        String previous = BEFORE_THE_FIRST;
        long expected = 1;
        while (rows.hasNext()) {
            Row row = rows.next();
            Entry entry = row.entry;
            boolean follows =
                    entry.id() == expected
                            && row.previousHash.equals(previous)
                            && entry.hash()
                                    .equals(
                                            hash(
                                                    previous,
                                                    entry.id(),
                                                    entry.at(),
                                                    entry.actor(),
                                                    entry.action(),
                                                    entry.subject(),
                                                    entry.reason(),
                                                    entry.detailJson()));
            if (!follows) {
                return OptionalLong.of(entry.id());
            }
            previous = entry.hash();
            expected++;
        }
        return OptionalLong.empty();
    }

    /// Each field goes in with its length, so that no two rows have the same input.
    private static String hash(
            String previous,
            long id,
            Instant at,
            String actor,
            String action,
            String subject,
            @Nullable String reason,
            String detail) {
        Sha256 digest = new Sha256();
        Stream.of(
                        previous,
                        Long.toString(id),
                        Long.toString(at.toEpochMilli()),
                        actor,
                        action,
                        subject,
                        reason == null ? "-" : "+" + reason,
                        detail)
                .map(field -> field.getBytes(StandardCharsets.UTF_8))
                .forEach(
                        bytes -> {
                            digest.update(bytes.length + ":");
                            digest.update(bytes);
                        });
        return digest.hex();
    }

    private record Row(Entry entry, String previousHash) {}

    private static Row row(ResultSet row) throws SQLException {
        return new Row(
                new Entry(
                        row.getLong("entry_id"),
                        Columns.instant(row, "at"),
                        row.getString("actor"),
                        row.getString("action"),
                        row.getString("subject"),
                        row.getString("reason"),
                        row.getString("detail"),
                        row.getString("hash")),
                row.getString("previous_hash"));
    }
}
