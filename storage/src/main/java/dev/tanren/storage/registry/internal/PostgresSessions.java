package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.Sessions;
import dev.tanren.storage.registry.Tokens;
import java.time.Instant;
import java.util.Optional;

/// Sessions in PostgreSQL.
public final class PostgresSessions implements Sessions {

    private final Database database;

    public PostgresSessions(Database database) {
        this.database = database;
    }

    @Override
    public void begin(String hash, String tokenId, Instant expiresAt) {
        database.run(
                handle -> {
                    handle.execute("delete from sessions where expires_at < clock_timestamp()");
                    handle.createUpdate(
                                    """
                                    insert into sessions (hash, token_id, expires_at)
                                    values (:hash, :tokenId, :expiresAt)
                                    on conflict (hash) do nothing
                                    """)
                            .bind("hash", hash)
                            .bind("tokenId", tokenId)
                            .bind("expiresAt", expiresAt)
                            .execute();
                });
    }

    @Override
    public Optional<Tokens.Token> token(String hash) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select tokens.* from sessions join tokens using (token_id)
                                        where sessions.hash = :hash
                                            and sessions.expires_at > clock_timestamp()
                                            and revoked_at is null and (tokens.expires_at is null
                                                or tokens.expires_at > clock_timestamp())
                                        """)
                                .bind("hash", hash)
                                .map((row, context) -> PostgresTokens.token(row))
                                .findOne());
    }

    @Override
    public void end(String hash) {
        database.run(
                handle ->
                        handle.createUpdate("delete from sessions where hash = :hash")
                                .bind("hash", hash)
                                .execute());
    }
}
