package dev.tanren.storage.registry.internal;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.Tokens;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// API tokens in PostgreSQL.
public final class PostgresTokens implements Tokens {

    private final Database database;

    public PostgresTokens(Database database) {
        this.database = database;
    }

    @Override
    public void add(String id, String name, Role role, String hash, @Nullable Instant expiresAt) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        insert into tokens (token_id, name, role, hash, expires_at)
                                        values (:id, :name, :role, :hash, :expiresAt)
                                        on conflict do nothing
                                        """)
                                .bind("id", id)
                                .bind("name", name)
                                .bind("role", role.name().toLowerCase(Locale.ROOT))
                                .bind("hash", hash)
                                .bind("expiresAt", expiresAt)
                                .execute());
    }

    @Override
    public Optional<Token> byHash(String hash) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from tokens
                                        where hash = :hash and revoked_at is null and (expires_at
                                            is null or expires_at > clock_timestamp())
                                        """)
                                .bind("hash", hash)
                                .map((row, context) -> token(row))
                                .findOne());
    }

    @Override
    public List<Token> list() {
        return database.call(
                handle ->
                        handle.createQuery("select * from tokens order by created_at, token_id")
                                .map((row, context) -> token(row))
                                .list());
    }

    @Override
    public boolean revoke(String id) {
        return database.call(
                handle -> {
                    if (validAdministrators(handle).equals(List.of(id))) {
                        throw new TanrenException(
                                ErrorCode.STATE_CONFLICT,
                                "it is the last valid token of an administrator",
                                "token/" + id,
                                "make another with the role admin first, or give this one a new"
                                        + " secret: POST /api/v1/tokens/"
                                        + id
                                        + "/rotate");
                    }
                    return handle.createUpdate(
                                            """
                                            update tokens set revoked_at = clock_timestamp()
                                            where token_id = :id and revoked_at is null
                                            """)
                                    .bind("id", id)
                                    .execute()
                            > 0;
                });
    }

    /// Held until the transaction ends, so that two who revoke each other's do so in turn.
    private static List<String> validAdministrators(Handle handle) {
        return handle.createQuery(
                        """
                        select token_id from tokens
                        where role = 'admin' and revoked_at is null and (expires_at is null
                            or expires_at > clock_timestamp())
                        order by token_id for update
                        """)
                .mapTo(String.class)
                .list();
    }

    @Override
    public Optional<Token> rotate(String id, String hash) {
        return database.call(
                handle -> {
                    Optional<Token> token =
                            handle.createQuery(
                                            """
                                            update tokens set hash = :hash
                                            where token_id = :id and revoked_at is null and
                                                (expires_at is null
                                                    or expires_at > clock_timestamp())
                                            returning *
                                            """)
                                    .bind("id", id)
                                    .bind("hash", hash)
                                    .map((row, context) -> token(row))
                                    .findOne();
                    handle.createUpdate("delete from sessions where token_id = :id")
                            .bind("id", id)
                            .execute();
                    return token;
                });
    }

    @Override
    public void used(String id) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update tokens set last_used_at = clock_timestamp()
                                        where token_id = :id and (last_used_at is null or
                                            last_used_at < clock_timestamp() - interval '1 minute')
                                        """)
                                .bind("id", id)
                                .execute());
    }

    static Token token(ResultSet row) throws SQLException {
        return new Token(
                row.getString("token_id"),
                row.getString("name"),
                Role.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
                Columns.instant(row, "created_at"),
                Columns.instantOrNull(row, "expires_at"),
                Columns.instantOrNull(row, "last_used_at"),
                Columns.instantOrNull(row, "revoked_at"));
    }
}
