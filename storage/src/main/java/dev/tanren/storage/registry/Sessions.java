package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.Optional;

/// Sign-ins of the console. The registry knows their hashes alone; what a session may do is what
/// its token may.
public interface Sessions {

    /// Begins a session, and forgets those that have expired.
    ///
    /// @param hash SHA-256 of the session's secret, hexadecimal
    void begin(String hash, String tokenId, Instant expiresAt);

    /// The token of a session, while neither of the two is expired, ended or revoked.
    Optional<Tokens.Token> token(String hash);

    /// Ends a session; nothing happens where there is none.
    void end(String hash);
}
