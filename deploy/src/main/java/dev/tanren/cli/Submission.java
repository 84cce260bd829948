package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Starts one run of a plan, also where the answer to the request is lost: it is sent again under
/// the same key, and the server answers what it answered before.
final class Submission {

    private static final List<Duration> PAUSES =
            Stream.of(500, 1000, 2000, 4000, 8000).map(Duration::ofMillis).toList();

    /// What is answered, or not, to a request that may have been carried out.
    private static final Set<ErrorCode> LOST =
            Set.of(ErrorCode.STACK_NOT_RUNNING, ErrorCode.IDEMPOTENCY_KEY_IN_FLIGHT);

    private final ApiClient api;
    private final Consumer<String> say;

    Submission(ApiClient api, Consumer<String> say) {
        this.api = api;
        this.say = say;
    }

    /// @param named null for a key of this submission's own
    /// @return the run
    JsonNode start(PlanFile plan, @Nullable String named) throws InterruptedException {
        String key = named == null ? UUID.randomUUID().toString() : named;
        Map<String, String> headers = Map.of("Idempotency-Key", key);
        Iterator<Duration> pauses = PAUSES.iterator();
        boolean begun = false;
        while (true) {
            try {
                return api.send("/runs", plan.text(), plan.mediaType(), headers);
            } catch (TanrenException e) {
                begun |= mayHaveBegun(e);
                if (!begun || !LOST.contains(e.code())) {
                    throw e;
                }
                if (!pauses.hasNext()) {
                    throw unknown(e, key);
                }
                say.accept("The answer was lost; asking again for the same run ...");
                Thread.sleep(pauses.next());
            }
        }
    }

    /// What was not even connected to has begun nothing.
    private static boolean mayHaveBegun(TanrenException error) {
        return LOST.contains(error.code())
                && !(error.getCause() instanceof ConnectException)
                && !(error.getCause() instanceof HttpConnectTimeoutException);
    }

    private static TanrenException unknown(TanrenException last, String key) {
        return new TanrenException(
                last.code(),
                last.what() + " Whether the run was started is not known.",
                last.where(),
                "Submit the plan again with --idempotency-key " + key + ": that starts one run.",
                last);
    }
}
