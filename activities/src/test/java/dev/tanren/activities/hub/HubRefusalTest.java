package dev.tanren.activities.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tanren.activities.hub.FakeHub.Request;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.testing.EmbeddedS3;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Whom the client tells its token, where it lets itself be led, and when it gives up.
class HubRefusalTest extends HubImports {

    private static final EmbeddedS3 S3 = EmbeddedS3.start();

    HubRefusalTest() {
        super(S3);
    }

    @AfterAll
    static void stopTheStore() {
        S3.close();
    }

    @Test
    void theTokenGoesToTheHubAndNowhereElse() {
        environment.put(HubToken.VARIABLE, TOKEN);
        server.neededToken = TOKEN;

        resolve(URI);

        assertThat(server.requests).filteredOn(Request::storage).isNotEmpty();
        assertThat(server.requests)
                .allSatisfy(
                        request ->
                                assertThat(request.authorization())
                                        .isEqualTo(request.storage() ? "" : "Bearer " + TOKEN));
    }

    @Test
    void aGatedModelIsDeniedWithoutTellingTheToken() {
        server.neededToken = "another";
        assertCode(ErrorCode.HUB_DENIED, "401 (GatedRepo)", URI);
        environment.put(HubToken.VARIABLE, TOKEN);
        assertCode(ErrorCode.HUB_DENIED, FakeHub.REPOSITORY, URI);
        environment.put(HubToken.VARIABLE, TOKEN + "\u0007");
        assertThat(catchThrowable(() -> resolve(URI)))
                .hasStackTraceContaining(HubToken.VARIABLE)
                .satisfies(
                        e ->
                                assertThat(org.assertj.core.util.Throwables.getStackTrace(e))
                                        .doesNotContain(TOKEN));
        assertNothingStored();
    }

    @Test
    void aRevisionThatIsNotThereIsNamed() {
        assertCode(
                ErrorCode.MODEL_MISSING,
                "hf://some-org/a-model@gone",
                "hf://" + FakeHub.REPOSITORY + "@gone");
        assertCode(ErrorCode.MODEL_MISSING, "RevisionNotFound", "hf://some-org/none@main");
    }

    @Test
    void aRepositoryOfPicklesIsRefusedAndNoneIsFetched() {
        server.files.remove("model.safetensors");
        assertCode(ErrorCode.PICKLE_REFUSED, "safe_serialization=True", URI);
        assertThat(server.requestsFor("pytorch_model.bin")).isEmpty();
        assertNothingStored();
    }

    @Test
    void theHubIsOffUnlessTheWorkerNamesOne() {
        environment.clear();
        assertCode(ErrorCode.HUB_NOT_ALLOWED, HubEndpoint.VARIABLE, URI);
        assertThat(server.requests).isEmpty();
    }

    @Test
    void aHubThatAsksForPatienceIsGivenIt() {
        server.retryAfter = "7";
        server.statuses.addAll(List.of(429, 503));
        resolve(URI);
        assertThat(waits).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(7));
    }

    @Test
    void triesAndWaitsAreBounded() {
        server.statuses.addAll(List.of(500, 502, 504));
        assertCode(ErrorCode.HUB_UNREACHABLE, "3 times in a row, at last: status 504", URI);
        assertThat(waits).containsExactly(Duration.ofMillis(10), Duration.ofMillis(15));
        server.retryAfter = "3600";
        server.statuses.add(429);
        assertCode(ErrorCode.HUB_UNREACHABLE, "for 3600 seconds", URI);
        assertThat(server.requests).hasSize(4);
    }

    @Test
    void redirectsIntoPrivateNetworksAndToOddSchemesAreRefused() {
        for (String to :
                List.of(
                        "http://169.254.169.254/latest",
                        "http://10.0.0.1/x",
                        "http://2130706433/x",
                        "http://[::1]/x",
                        "http://[::ffff:127.0.0.2]/x",
                        "http://localhost/x",
                        "file:///etc/passwd",
                        "ftp://example.org/x",
                        "http://user:secret@127.0.0.1/x")) {
            server.redirect = to;
            assertCode(ErrorCode.HUB_REDIRECT, "model.safetensors", URI);
        }
        server.redirect =
                server.endpoint()
                        + "/"
                        + FakeHub.REPOSITORY
                        + "/resolve/"
                        + FakeHub.COMMIT
                        + "/model.safetensors";
        assertCode(ErrorCode.HUB_REDIRECT, "more than 5 times", URI);
        assertNoModel();
    }
}
