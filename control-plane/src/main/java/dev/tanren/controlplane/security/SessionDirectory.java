package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Sessions;
import dev.tanren.storage.registry.Tokens;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/// The console's sessions: random secrets that stand for a token without giving it away.
///
/// They are kept in the database, so they outlive a restart of the server and hold at every server
/// of it. Each request asks there, so a session ends at once when it is signed out of, and when its
/// token is revoked or expires.
@Singleton
public class SessionDirectory {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int RANDOM_BYTES = 32;
    private static final Pattern SECRET = Pattern.compile("[0-9a-f]{64}");

    private final Sessions sessions;
    private final Tokens tokens;
    private final Settings settings;

    SessionDirectory(PostgresRegistry registry, Settings settings) {
        this.sessions = registry.sessions();
        this.tokens = registry.tokens();
        this.settings = settings;
    }

    /// @return the new session's secret
    String begin(Caller caller) {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        String secret = HexFormat.of().formatHex(bytes);
        sessions.begin(
                ApiTokens.hash(secret),
                caller.tokenId(),
                Instant.now().plus(settings.sessionLifetime()));
        return secret;
    }

    /// Whose session it is, by asking the database.
    Optional<Caller> lookUp(String secret) {
        if (!SECRET.matcher(secret).matches()) {
            return Optional.empty();
        }
        Optional<Tokens.Token> token = sessions.token(ApiTokens.hash(secret));
        token.ifPresent(found -> tokens.used(found.id()));
        return token.map(found -> new Caller(found.id(), found.name(), found.role()));
    }

    void end(String secret) {
        sessions.end(ApiTokens.hash(secret));
    }

    /// What a page must send back with state-changing requests of a session. Only who holds the
    /// session's secret can compute it; it does not give the secret away.
    static String csrf(String secret) {
        return ApiTokens.hash("csrf:" + secret);
    }
}
