package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.activities.gang.internal.Watchdog;
import dev.tanren.spec.plan.TrainingStage.Evaluation;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchdogTest {

    private static final GangSettings SETTINGS = GangSettings.standard();
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Watchdog watchdog =
            new Watchdog(SETTINGS, new Evaluation(100, List.of("code"), 4), 10_000, 0);

    @Test
    void itIsPatientUntilTheFirstStep() {
        assertThat(watchdog.limit()).isEqualTo(SETTINGS.start());
        watchdog.ready(SECOND);
        assertThat(watchdog.limit()).isEqualTo(SETTINGS.firstStep());
    }

    @Test
    void fastStepsAreGivenTheFloor() {
        long now = steps(50, SECOND / 10);

        assertThat(watchdog.fires(now + 9 * SECOND)).isFalse();
        assertThat(watchdog.fires(now + 11 * SECOND)).isTrue();
    }

    @Test
    void slowStepsAreGivenThreeTimesTheirNinetyNinthPercentile() {
        long now = steps(50, 20 * SECOND);

        assertThat(watchdog.fires(now + 59 * SECOND)).isFalse();
        assertThat(watchdog.fires(now + 61 * SECOND)).isTrue();
    }

    @Test
    void anEvaluationOfUnknownLengthIsWaitedFor() {
        long now = steps(100, SECOND / 10);

        assertThat(watchdog.fires(now + 60 * SECOND)).isFalse();
        watchdog.evaluated(now + 60 * SECOND);
        assertThat(watchdog.fires(now + 71 * SECOND)).isTrue();
    }

    private long steps(int count, long nanos) {
        watchdog.ready(0);
        for (int step = 1; step <= count; step++) {
            watchdog.stepped(step, step * nanos);
        }
        return count * nanos;
    }
}
