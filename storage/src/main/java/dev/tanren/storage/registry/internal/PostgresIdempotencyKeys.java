package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.IdempotencyKeys;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/// Idempotency keys in PostgreSQL. The primary key picks the one winner.
public final class PostgresIdempotencyKeys implements IdempotencyKeys {

    private static final String RESERVE =
            """
            insert into idempotency_keys as known
                (owner, key, body_hash, status, answer, holder, reserved_at)
            values (:owner, :key, :bodyHash, 0, :answer, :holder, clock_timestamp())
            on conflict (owner, key) do update set
                body_hash = excluded.body_hash,
                status = 0,
                answer = case when known.status = 0 and known.body_hash = excluded.body_hash
                    then known.answer else excluded.answer end,
                holder = excluded.holder,
                reserved_at = excluded.reserved_at
            where known.reserved_at < clock_timestamp() - case
                when known.status = 0 then interval '10 seconds'
                else interval '1 day' end
            returning answer
            """;

    private final Database database;

    public PostgresIdempotencyKeys(Database database) {
        this.database = database;
    }

    @Override
    public Outcome reserve(String owner, String key, String bodyHash, String answer) {
        // One identity for all tries of this call: a try whose commit was not heard of is then
        // recognised by the next.
        String holder = UUID.randomUUID().toString();
        return database.call(
                handle -> {
                    forgetExpired(handle, owner);
                    Optional<String> promised =
                            handle.createQuery(RESERVE)
                                    .bind("owner", owner)
                                    .bind("key", key)
                                    .bind("bodyHash", bodyHash)
                                    .bind("answer", answer)
                                    .bind("holder", holder)
                                    .mapTo(String.class)
                                    .findOne();
                    return promised.<Outcome>map(it -> new Reserved(owner, key, holder, it))
                            .orElseGet(() -> known(handle, owner, key, bodyHash, holder));
                });
    }

    private static void forgetExpired(Handle handle, String owner) {
        handle.createUpdate(
                        """
                        delete from idempotency_keys where owner = :owner
                            and reserved_at < clock_timestamp() - interval '1 day'
                        """)
                .bind("owner", owner)
                .execute();
    }

    /// The row may have gone in between: then it is at work as far as this caller is concerned, who
    /// asks again.
    private static Outcome known(
            Handle handle, String owner, String key, String bodyHash, String holder) {
        return handle.createQuery(
                        """
                        select body_hash, status, answer, holder from idempotency_keys
                        where owner = :owner and key = :key
                        """)
                .bind("owner", owner)
                .bind("key", key)
                .<Outcome>map(
                        (row, context) ->
                                row.getString("holder").equals(holder)
                                        ? new Reserved(owner, key, holder, row.getString("answer"))
                                        : new Known(
                                                row.getString("body_hash"),
                                                row.getInt("status"),
                                                row.getString("answer")))
                .findOne()
                .orElse(new Known(bodyHash, 0, ""));
    }

    @Override
    public void complete(Reserved reservation, int status) {
        change(
                reservation,
                "update idempotency_keys set status = :status, reserved_at = clock_timestamp()",
                status);
    }

    @Override
    public void release(Reserved reservation) {
        change(
                reservation,
                "update idempotency_keys set status = :status,"
                        + " reserved_at = clock_timestamp() - interval '2 minutes'",
                0);
    }

    private void change(Reserved reservation, String update, int status) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        update
                                                + " where owner = :owner and key = :key"
                                                + " and holder = :holder and status = 0")
                                .bind("status", status)
                                .bind("owner", reservation.owner())
                                .bind("key", reservation.key())
                                .bind("holder", reservation.holder())
                                .execute());
    }
}
