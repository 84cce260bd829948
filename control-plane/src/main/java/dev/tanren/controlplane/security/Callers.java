package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Finds out who shows a credential. Limits come before any work:
///
/// - what was good lately is counted for its token;
/// - the rest is counted for the address it comes from, before the database is asked, and refused
///   where it failed too often. Failures are counted for an address and the first characters of
///   what it showed, so that wrong tokens do not lock out the right one.
@Singleton
public class Callers {

    private static final int PREFIX = 8;
    private static final int MOST_RECOGNISED = 10_000;

    private final Function<Credential, Optional<Caller>> remembered;
    private final Function<Credential, Optional<Caller>> database;
    private final RateLimiter requests;
    private final RateLimiter lookUps;
    private final RateLimiter failures;

    /// Token of what was found in the database, by hash. It says whom to count a request for, and
    /// never that it is allowed.
    private final ConcurrentHashMap<String, String> recognised = new ConcurrentHashMap<>();

    @Inject
    Callers(TokenDirectory tokens, SessionDirectory sessions, Settings settings) {
        this(
                credential ->
                        credential instanceof Credential.Bearer bearer
                                ? tokens.recall(bearer.secret())
                                : Optional.empty(),
                credential ->
                        switch (credential) {
                            case Credential.Session session -> sessions.lookUp(session.secret());
                            case Credential.Bearer bearer -> tokens.lookUp(bearer.secret());
                        },
                settings,
                System::nanoTime);
    }

    Callers(
            Function<Credential, Optional<Caller>> remembered,
            Function<Credential, Optional<Caller>> database,
            Settings settings,
            LongSupplier nanoTime) {
        this.remembered = remembered;
        this.database = database;
        requests = new RateLimiter(settings.requestsPerSecond(), settings.requestBurst(), nanoTime);
        lookUps = new RateLimiter(settings.lookUpsPerSecond(), settings.lookUpBurst(), nanoTime);
        failures = new RateLimiter(settings.failuresPerSecond(), settings.failureBurst(), nanoTime);
    }

    /// What is remembered, without asking the database.
    ///
    /// @throws TanrenException `TOO_MANY_REQUESTS`
    Optional<Caller> recall(Credential credential) {
        Optional<Caller> caller = remembered.apply(credential);
        caller.ifPresent(known -> count(known.tokenId()));
        return caller;
    }

    /// Asks the database, if the limits allow it.
    ///
    /// @return empty where it belongs to nobody
    /// @throws TanrenException `TOO_MANY_REQUESTS`, or `DATABASE_UNREACHABLE`
    Optional<Caller> lookUp(Credential credential, String address) {
        String hash = ApiTokens.hash(credential.secret());
        String key = key(address, credential);
        String tokenId = recognised.get(hash);
        if (tokenId != null) {
            count(tokenId);
        } else if (!failures.hasLeft(key) || !lookUps.take(address)) {
            throw tooManyUnknown();
        }
        Optional<Caller> caller = database.apply(credential);
        caller.ifPresentOrElse(
                found -> recognise(hash, found, tokenId),
                () -> {
                    recognised.remove(hash);
                    failures.take(key);
                });
        return caller;
    }

    private void recognise(String hash, Caller caller, @Nullable String before) {
        if (before == null) {
            count(caller.tokenId());
        }
        if (recognised.size() >= MOST_RECOGNISED) {
            recognised.clear();
        }
        recognised.put(hash, caller.tokenId());
    }

    /// Whether a credential that was let in is still good. Counts for nothing.
    Optional<Caller> standing(Credential credential) {
        return remembered.apply(credential).or(() -> database.apply(credential));
    }

    /// What to tell a request that shows no credential.
    TanrenException refuseNobody(String address) {
        return failures.take(address)
                ? CallerIdentityProvider.unauthenticated("the request carries no token")
                : tooManyUnknown();
    }

    private void count(String tokenId) {
        if (!requests.take(tokenId)) {
            throw new TanrenException(
                    ErrorCode.TOO_MANY_REQUESTS,
                    "this token makes more requests than it may",
                    "token/" + tokenId,
                    "wait as long as Retry-After says");
        }
    }

    private static String key(String address, Credential credential) {
        String secret = credential.secret();
        return address + " " + secret.substring(0, Math.min(PREFIX, secret.length()));
    }

    private static TanrenException tooManyUnknown() {
        return new TanrenException(
                ErrorCode.TOO_MANY_REQUESTS,
                "too many requests without a valid token",
                "this client's address",
                "wait as long as Retry-After says, and send a valid token");
    }
}
