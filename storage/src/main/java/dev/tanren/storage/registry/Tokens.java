package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// API tokens. The registry knows their hashes alone.
public interface Tokens {

    /// @param hash SHA-256 of the secret, hexadecimal
    void add(String id, String name, Role role, String hash, @Nullable Instant expiresAt);

    /// A token that is neither expired nor revoked.
    Optional<Token> byHash(String hash);

    List<Token> list();

    boolean revoke(String id);

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
