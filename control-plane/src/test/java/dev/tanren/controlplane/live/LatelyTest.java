package dev.tanren.controlplane.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LatelyTest {

    @Test
    void whatWasFoundIsToldAgainForASecondAndThenFoundAnew() {
        AtomicInteger asked = new AtomicInteger();
        AtomicLong now = new AtomicLong();
        Lately<Integer> lately = new Lately<>(asked::incrementAndGet, now::get);

        for (int i = 0; i < 1_000; i++) {
            assertThat(lately.get()).isEqualTo(1);
        }
        now.addAndGet(999_000_000);
        assertThat(lately.get()).isEqualTo(1);
        now.addAndGet(1_000_000);
        assertThat(lately.get()).isEqualTo(2);
    }
}
