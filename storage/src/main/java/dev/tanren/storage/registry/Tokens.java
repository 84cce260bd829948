package dev.tanren.storage.registry;

import dev.tanren.plan.run.Actor;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// API tokens. The registry knows their hashes alone.
public interface Tokens {

    /// A hash or an id that is known already is left as it is, so what was rotated stays so. A new
    /// token is recorded in the audit in the same transaction.
    ///
    /// @param hash SHA-256 of the secret, hexadecimal
    void add(
            String id,
            String name,
            Role role,
            String hash,
            @Nullable Instant expiresAt,
            Actor actor);

    /// A token that is neither expired nor revoked.
    Optional<Token> byHash(String hash);

    /// A token that has expired or was revoked.
    Optional<Token> formerByHash(String hash);

    List<Token> list();

    /// Ends a token, and records that in the audit in the same transaction.
    ///
    /// @return whether there was one that was not revoked
    /// @throws dev.tanren.plan.error.TanrenException `STATE_CONFLICT` where no other token of an
    ///     administrator is valid: nobody could make one any more
    boolean revoke(String id, Actor actor);

    /// Gives a valid token another secret, ends the old one and all its sessions, and records that
    /// in the audit, in one transaction.
    ///
    /// @param hash SHA-256 of the new secret, hexadecimal
    /// @return the token; empty where there is no valid one
    Optional<Token> rotate(String id, String hash, Actor actor);

    /// Records use, at most once a minute.
    void used(String id);

    /// Each role may do all that those before it may.
    enum Role {
        VIEWER,
        OPERATOR,
        APPROVER,
        ADMIN
    }

    record Token(
            String id,
            String name,
            Role role,
            Instant createdAt,
            @Nullable Instant expiresAt,
            @Nullable Instant lastUsedAt,
            @Nullable Instant revokedAt) {}
}
