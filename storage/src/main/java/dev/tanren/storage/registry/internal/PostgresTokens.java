package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.Tokens;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// API tokens in PostgreSQL.
public final class PostgresTokens implements Tokens {

    private final Database database;

    public PostgresTokens(Database database) {
        this.database = database;
    }

    @Override
    public void add(
            String id,
            String name,
            Role role,
            String hash,
            @Nullable Instant expiresAt,
            Actor actor) {
        database.run(
                handle ->
                        handle.createQuery(
                                        """
                                        insert into tokens (token_id, name, role, hash, expires_at)
                                        values (:id, :name, :role, :hash, :expiresAt)
                                        on conflict do nothing
                                        returning *
                                        """)
                                .bind("id", id)
                                .bind("name", name)
                                .bind("role", key(role))
                                .bind("hash", hash)
                                .bind("expiresAt", expiresAt)
                                .map((row, context) -> token(row))
                                .findOne()
                                .ifPresent(
                                        added ->
                                                PostgresAudit.append(
                                                        handle,
                                                        record(actor, "token.issue", id)
                                                                .changing(
                                                                        null,
                                                                        state(added, "valid")))));
    }

    private static AuditRecord record(Actor actor, String action, String id) {
        return AuditRecord.of(actor, action, "token/" + id);
    }

    /// What the audit keeps of a token; nothing of its secret is in it.
    private static Map<String, Object> state(Token token, String state) {
        Map<String, Object> kept = new TreeMap<>();
        kept.put("name", token.name());
        kept.put("role", key(token.role()));
        kept.put("state", state);
        Instant expiresAt = token.expiresAt();
        if (expiresAt != null) {
            kept.put("expiresAt", expiresAt.toString());
        }
        return kept;
    }

    private static String key(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
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
    public Optional<Token> formerByHash(String hash) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from tokens
                                        where hash = :hash and (revoked_at is not null
                                            or expires_at <= clock_timestamp())
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
    public boolean revoke(String id, Actor actor) {
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
                    Optional<Token> revoked =
                            handle.createQuery(
                                            """
                                            update tokens set revoked_at = clock_timestamp()
                                            where token_id = :id and revoked_at is null
                                            returning *
                                            """)
                                    .bind("id", id)
                                    .map((row, context) -> token(row))
                                    .findOne();
                    revoked.ifPresent(
                            token ->
                                    PostgresAudit.append(
                                            handle,
                                            record(actor, "token.revoke", id)
                                                    .changing(
                                                            state(token, "valid"),
                                                            state(token, "revoked"))));
                    return revoked.isPresent();
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
    public Optional<Token> rotate(String id, String hash, Actor actor) {
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
                    token.ifPresent(
                            rotated ->
                                    PostgresAudit.append(
                                            handle,
                                            record(actor, "token.rotate", id)
                                                    .changing(
                                                            state(rotated, "valid"),
                                                            state(
                                                                    rotated,
                                                                    "valid with a new secret"))));
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
