package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.PostgresRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/// Has the audit tell who was refused.
///
/// Requests are counted in memory, for each actor, address and kind, and written once a while: a
/// flood of them costs no write of its own, and from many addresses no more than a fixed number.
/// What was counted since the last time is lost when the process is killed.
@Singleton
public class Refusals {

    private static final Logger LOG = Logger.getLogger(Refusals.class);
    private static final Set<Integer> STATUSES = Set.of(401, 403, 429);

    /// Kinds told apart at a time; all further ones together are one more.
    public static final int MOST_KINDS = 100;

    private static final int MOST_EXAMPLES = 5;
    private static final int LONGEST_EXAMPLE = 200;
    private static final Pattern SECRET = Pattern.compile("tnr_[^/\\s]*|[0-9a-fA-F]{40,}");

    private final Audit audit;
    private final Duration interval;
    private final Object lock = new Object();
    private Map<Kind, Counted> counted = new LinkedHashMap<>();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("refusals").factory());

    Refusals(PostgresRegistry registry, Settings settings) {
        this.audit = registry.audit();
        this.interval = settings.refusalInterval();
    }

    void begin(@Observes StartupEvent start) {
        var _ =
                timer.scheduleWithFixedDelay(
                        this::writeOrKeep,
                        interval.toMillis(),
                        interval.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    void end(@Observes ShutdownEvent stop) {
        timer.shutdownNow();
        writeOrKeep();
    }

    /// Looks at an answer right before it is given, so that who has it is counted.
    void watch(RoutingContext request) {
        request.addHeadersEndHandler(
                _ -> {
                    int status = request.response().getStatusCode();
                    if (STATUSES.contains(status)) {
                        count(
                                Caller.known(request),
                                Fence.isSignIn(request) ? "session.refuse" : "request.refuse",
                                status,
                                request.request().method() + " " + request.normalizedPath());
                    }
                });
    }

    /// Counts one request that was refused.
    public void count(Actor actor, String action, int status, String request) {
        synchronized (lock) {
            Kind kind = new Kind(actor, action, status);
            Kind of =
                    counted.size() < MOST_KINDS || counted.containsKey(kind)
                            ? kind
                            : new Kind(Actor.nobody(null), "request.refuse", 0);
            counted.merge(of, Counted.once(shown(request)), Counted::plus);
        }
    }

    /// A secret that somebody put into an address is shown to nobody.
    private static String shown(String request) {
        String bare = SECRET.matcher(request).replaceAll("…");
        return bare.substring(0, Math.min(LONGEST_EXAMPLE, bare.length()));
    }

    private void writeOrKeep() {
        try {
            write();
        } catch (TanrenException e) {
            LOG.warnf("refusals are not in the audit yet: %s", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("refusals could not be written into the audit", e);
        }
    }

    /// Writes what was counted. What the database did not take is kept for the next time.
    ///
    /// @throws TanrenException `DATABASE_UNREACHABLE`, `DATABASE_FULL`
    public void write() {
        Map<Kind, Counted> taken;
        synchronized (lock) {
            taken = counted;
            counted = new LinkedHashMap<>();
        }
        var left = new ArrayList<>(taken.entrySet());
        try {
            while (!left.isEmpty()) {
                audit.append(record(left.getFirst().getKey(), left.getFirst().getValue()));
                left.removeFirst();
            }
        } finally {
            synchronized (lock) {
                left.forEach(kept -> counted.merge(kept.getKey(), kept.getValue(), Counted::plus));
            }
        }
    }

    private static AuditRecord record(Kind kind, Counted counted) {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("count", counted.count);
        if (kind.status != 0) {
            detail.put("status", kind.status);
        }
        detail.put("first", counted.first.toString());
        detail.put("last", counted.last.toString());
        detail.put("requests", counted.examples);
        return AuditRecord.of(kind.actor, kind.action, counted.examples.getFirst()).with(detail);
    }

    /// @param status 0 for all that are not told apart
    private record Kind(Actor actor, String action, int status) {}

    /// @param examples some of the requests
    private record Counted(long count, Instant first, Instant last, List<String> examples) {

        static Counted once(String request) {
            Instant now = Instant.now();
            return new Counted(1, now, now, List.of(request));
        }

        Counted plus(Counted later) {
            return new Counted(
                    count + later.count,
                    first.isBefore(later.first) ? first : later.first,
                    last.isAfter(later.last) ? last : later.last,
                    Stream.concat(examples.stream(), later.examples.stream())
                            .distinct()
                            .limit(MOST_EXAMPLES)
                            .toList());
        }
    }
}
