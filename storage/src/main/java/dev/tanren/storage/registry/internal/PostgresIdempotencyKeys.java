package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.IdempotencyKeys;
import java.util.Optional;

/// Idempotency keys in PostgreSQL.
///
/// The primary key picks the one winner. A reservation whose holder died without an answer is free
/// again after a minute; an answer after a day.
public final class PostgresIdempotencyKeys implements IdempotencyKeys {

    private final Database database;

    public PostgresIdempotencyKeys(Database database) {
        this.database = database;
    }

    @Override
    public Optional<Known> reserve(String owner, String key, String bodyHash) {
        return database.call(
                handle -> {
                    int reserved =
                            handle.createUpdate(
                                            """
                                            insert into idempotency_keys as known (owner, key,
                                                body_hash, status, answer, reserved_at)
                                            values (:owner, :key, :bodyHash, 0, '',
                                                clock_timestamp())
                                            on conflict (owner, key) do update set
                                                body_hash = excluded.body_hash,
                                                status = 0,
                                                answer = '',
                                                reserved_at = excluded.reserved_at
                                            where known.reserved_at < clock_timestamp() - case
                                                when known.status = 0 then interval '1 minute'
                                                else interval '1 day' end
                                            """)
                                    .bind("owner", owner)
                                    .bind("key", key)
                                    .bind("bodyHash", bodyHash)
                                    .execute();
                    if (reserved > 0) {
                        return Optional.empty();
                    }
                    // The holder may have given the key back in between: then it is still at work
                    // as far as this caller is concerned, who asks again.
                    return Optional.of(
                            handle.createQuery(
                                            """
                                            select body_hash, status, answer from idempotency_keys
                                            where owner = :owner and key = :key
                                            """)
                                    .bind("owner", owner)
                                    .bind("key", key)
                                    .map(
                                            (row, context) ->
                                                    new Known(
                                                            row.getString("body_hash"),
                                                            row.getInt("status"),
                                                            row.getString("answer")))
                                    .findOne()
                                    .orElse(new Known(bodyHash, 0, "")));
                });
    }

    @Override
    public void complete(String owner, String key, int status, String answer) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update idempotency_keys
                                        set status = :status, answer = :answer
                                        where owner = :owner and key = :key
                                        """)
                                .bind("owner", owner)
                                .bind("key", key)
                                .bind("status", status)
                                .bind("answer", answer)
                                .execute());
    }

    @Override
    public void release(String owner, String key) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        delete from idempotency_keys
                                        where owner = :owner and key = :key and status = 0
                                        """)
                                .bind("owner", owner)
                                .bind("key", key)
                                .execute());
    }
}
