package dev.tanren.controlplane.problem;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whether the same request may succeed later is known of the error, not of its class.
class ProblemDetailsTest {

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {"OBJECT_CORRUPT", "OBJECT_MISSING", "OBJECT_EXISTS", "STATE_CONFLICT"})
    void whatWillBeFoundAgainIsNotWorthAskingForAgain(ErrorCode code) {
        assertThat(problem(error(code)).retryable()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {
                "DATABASE_UNREACHABLE",
                "STORE_DEADLINE",
                "STORE_FULL",
                "TOO_MANY_REQUESTS",
                "IDEMPOTENCY_KEY_IN_FLIGHT"
            })
    void whatPassesByItselfIs(ErrorCode code) {
        assertThat(problem(error(code)).retryable()).isTrue();
    }

    @Test
    void whoeverThrowsItMayKnowBetter() {
        assertThat(problem(error(ErrorCode.STATE_CONFLICT).passing()).retryable()).isTrue();
    }

    @Test
    void aPartThatIsAwayIsToldWithSinceWhenAndWhatGoesOnMeanwhile() {
        ProblemDetails told =
                problem(error(ErrorCode.DATABASE_UNREACHABLE))
                        .during("since 2026-11-30T03:12:05Z", "ranks train on meanwhile");

        assertThat(told.detail()).isEqualTo("found since 2026-11-30T03:12:05Z");
        assertThat(told.mend()).isEqualTo("mend it; ranks train on meanwhile");
        assertThat(told.status()).isEqualTo(503);
    }

    private static TanrenException error(ErrorCode code) {
        return new TanrenException(code, "found", "there", "mend it");
    }

    private static ProblemDetails problem(TanrenException error) {
        return ProblemDetails.of(error, "trace");
    }
}
