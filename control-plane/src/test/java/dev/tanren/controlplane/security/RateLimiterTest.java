package dev.tanren.controlplane.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RateLimiterTest {

    private final AtomicLong now = new AtomicLong();
    private final RateLimiter limiter = new RateLimiter(2, 3, now::get);

    @Test
    void aBurstIsLetThroughAndThenOnlyTheRate() {
        assertThat(limiter.take("a")).isTrue();
        assertThat(limiter.take("a")).isTrue();
        assertThat(limiter.take("a")).isTrue();
        assertThat(limiter.take("a")).isFalse();
        assertThat(limiter.take("b")).isTrue();
        now.addAndGet(500_000_000);
        assertThat(limiter.hasLeft("a")).isTrue();
        assertThat(limiter.take("a")).isTrue();
        assertThat(limiter.take("a")).isFalse();
    }

    @Test
    void beingRefusedCostsNothing() {
        for (int i = 0; i < 50; i++) {
            limiter.take("a");
        }
        now.addAndGet(1_500_000_000);
        assertThat(limiter.take("a")).isTrue();
    }

    @Test
    void aTokenWithAWrongChecksumIsNoToken() {
        String token = ApiTokens.generate();
        assertThat(ApiTokens.plausible(token)).isTrue();
        char last = token.charAt(token.length() - 1);
        String mistyped = token.substring(0, token.length() - 1) + (last == '0' ? '1' : '0');
        assertThat(ApiTokens.plausible(mistyped)).isFalse();
        assertThat(ApiTokens.plausible("short")).isFalse();
        assertThat(ApiTokens.plausible("chosen-by-an-operator")).isTrue();
    }
}
