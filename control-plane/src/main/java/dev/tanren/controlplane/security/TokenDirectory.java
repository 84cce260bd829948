package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Tokens;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.registry.Tokens.Token;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/// Finds out who a token belongs to, and remembers it for a few seconds.
@Singleton
public class TokenDirectory {

    private static final Logger LOG = Logger.getLogger(TokenDirectory.class);
    private static final String ADMIN_TOKEN = "TANREN_ADMIN_TOKEN";
    private static final int MOST_REMEMBERED = 10_000;

    private static final Actor STARTER = Actor.program("control-plane");

    private final Tokens tokens;
    private final Duration memory;
    private final ConcurrentHashMap<String, Remembered> remembered = new ConcurrentHashMap<>();

    /// How often all was forgotten. What was read before that is not remembered after it.
    private final AtomicLong forgotten = new AtomicLong();

    TokenDirectory(PostgresRegistry registry, Settings settings) {
        this.tokens = registry.tokens();
        this.memory = settings.tokenCache();
    }

    /// Registers the administrator's token that the environment gives, unless it is known. One that
    /// was revoked or given another secret since does not come back, though a supervisor still has
    /// the old secret: its id is of that secret, and is taken.
    void bootstrap(@Observes StartupEvent start, Config config) {
        Optional<String> given = config.getOptionalValue(ADMIN_TOKEN, String.class);
        if (given.isEmpty()) {
            return;
        }
        if (!ApiTokens.plausible(given.get())) {
            LOG.errorf(
                    "%s is not used: it must have 20 to 200 printable characters and the right"
                            + " checksum",
                    ADMIN_TOKEN);
            return;
        }
        String hash = ApiTokens.hash(given.get());
        if (tokens.byHash(hash).isEmpty()) {
            tokens.add("admin-" + hash.substring(0, 12), "admin", Role.ADMIN, hash, null, STARTER);
            LOG.infof("registered the administrator's token from %s", ADMIN_TOKEN);
        }
    }

    /// What is remembered of a token, without asking the database.
    Optional<Caller> recall(String secret) {
        Remembered known = remembered.get(ApiTokens.hash(secret));
        return known == null
                        || known.until < System.nanoTime()
                        || known.generation != forgotten.get()
                ? Optional.empty()
                : Optional.of(known.caller);
    }

    /// Asks the database.
    Optional<Caller> lookUp(String secret) {
        if (!ApiTokens.plausible(secret)) {
            return Optional.empty();
        }
        String hash = ApiTokens.hash(secret);
        long generation = forgotten.get();
        Optional<Token> token = tokens.byHash(hash);
        token.ifPresent(found -> tokens.used(found.id()));
        Optional<Caller> caller = token.map(TokenDirectory::caller);
        caller.ifPresent(found -> remember(hash, found, generation));
        return caller;
    }

    /// Whose a token was that has expired or was revoked. Asks the database.
    Optional<Caller> former(String secret) {
        return ApiTokens.plausible(secret)
                ? tokens.formerByHash(ApiTokens.hash(secret)).map(TokenDirectory::caller)
                : Optional.empty();
    }

    private static Caller caller(Token token) {
        return new Caller(token.id(), token.name(), token.role());
    }

    private void remember(String hash, Caller caller, long generation) {
        if (remembered.size() >= MOST_REMEMBERED) {
            remembered.clear();
        }
        long until = System.nanoTime() + memory.toNanos();
        remembered.put(hash, new Remembered(caller, until, generation));
    }

    /// Forgets what is remembered, after a token was revoked or rotated.
    public void forgetAll() {
        forgotten.incrementAndGet();
        remembered.clear();
    }

    private record Remembered(Caller caller, long until, long generation) {}
}
