package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.Tokens;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// API tokens in PostgreSQL.
public final class PostgresTokens implements Tokens {

    private final Database database;

    public PostgresTokens(Database database) {
        this.database = database;
    }

    /// A hash that is known already is left as it is.
    @Override
    public void add(String id, String name, Role role, String hash, @Nullable Instant expiresAt) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        insert into tokens (token_id, name, role, hash, expires_at)
                                        values (:id, :name, :role, :hash, :expiresAt)
                                        on conflict (hash) do nothing
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
                        handle ->
                                handle.createUpdate(
                                                """
                                                update tokens set revoked_at = clock_timestamp()
                                                where token_id = :id and revoked_at is null
                                                """)
                                        .bind("id", id)
                                        .execute())
                > 0;
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
