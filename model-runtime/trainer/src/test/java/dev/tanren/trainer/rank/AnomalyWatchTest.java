package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.Report.AnomalyKind;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.Anomalies.Policy;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AnomalyWatchTest {

    private static final Anomalies SKIP = new Anomalies(Policy.SKIP, Policy.SKIP, 32, 8, 2);

    private static AnomalyWatch fresh(Anomalies policy) {
        return new AnomalyWatch(policy, "short", Map.of(), List.of());
    }

    /// Losses around 3, with a median absolute deviation of 0.1.
    private static void calm(AnomalyWatch watch, int steps) {
        for (int step = 0; step < steps; step++) {
            watch.applied(3 + 0.1 * (step % 5 - 2));
        }
    }

    private static AnomalyWatch.Finding found(AnomalyWatch watch, double loss) {
        return Objects.requireNonNull(watch.judge(100, loss, 1));
    }

    @Test
    void lossesAndGradientsThatAreNotFiniteAreFoundFromTheFirstStep() {
        AnomalyWatch watch = fresh(SKIP);
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThat(found(watch, bad).kind()).isEqualTo(AnomalyKind.NON_FINITE);
            assertThat(Objects.requireNonNull(watch.judge(1, 3, bad)).kind())
                    .isEqualTo(AnomalyKind.NON_FINITE);
        }
        assertThat(watch.judge(1, 3, 1)).isNull();
    }

    @Test
    void aLossFarAboveTheMedianIsAJumpAndOneFarBelowIsNot() {
        AnomalyWatch watch = fresh(SKIP);
        calm(watch, 32);
        // 8 · 1.4826 · 0.1 above 3
        assertThat(watch.judge(33, 4.18, 1)).isNull();
        assertThat(found(watch, 4.19).kind()).isEqualTo(AnomalyKind.SPIKE);
        assertThat(found(watch, 30).median()).isEqualTo(3.0);
        assertThat(watch.judge(33, 0.1, 1)).isNull();
    }

    @Test
    void aLossThatHardlyVariesNeedsAFifthMoreToJump() {
        AnomalyWatch watch = fresh(SKIP);
        for (int step = 0; step < 20; step++) {
            watch.applied(3);
        }
        assertThat(watch.judge(21, 3.59, 1)).isNull();
        assertThat(found(watch, 3.61).kind()).isEqualTo(AnomalyKind.SPIKE);
    }

    @Test
    void sixteenLossesOfThePhaseMustBeKnown() {
        AnomalyWatch watch = fresh(SKIP);
        calm(watch, 15);
        assertThat(watch.judge(16, 300, 1)).isNull();
        calm(watch, 1);
        assertThat(found(watch, 300).kind()).isEqualTo(AnomalyKind.SPIKE);
        AnomalyWatch next = new AnomalyWatch(SKIP, "long", watch.values(), List.of());
        assertThat(next.judge(17, 300, 1)).isNull();
    }

    @Test
    void noJumpIsLookedForWhereThePlanSaysSo() {
        AnomalyWatch watch = fresh(new Anomalies(Policy.FAIL, null, 32, 8, 2));
        calm(watch, 32);
        assertThat(watch.judge(33, 300, 1)).isNull();
    }

    @Test
    void aResumedWatchDecidesAsTheOneThatWasSaved() {
        AnomalyWatch watch = fresh(SKIP);
        calm(watch, 40);
        watch.skipped(7);
        watch.skipped(9);
        AnomalyWatch resumed = new AnomalyWatch(SKIP, "short", watch.values(), List.of());
        assertThat(resumed.values()).isEqualTo(watch.values());
        assertThat(resumed.lastLoss()).isEqualTo(watch.lastLoss());
        for (double loss : new double[] {3.5, 4.1, 4.2, Double.NaN}) {
            assertThat(resumed.judge(41, loss, 1)).isEqualTo(watch.judge(41, loss, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void pastTheLimitAPersonIsWaitedForUnlessThePlanFailsAnyway(Policy wanted) {
        AnomalyWatch watch = fresh(new Anomalies(wanted, wanted, 32, 8, 2));
        assertThat(found(watch, Double.NaN).action()).isEqualTo(wanted);
        watch.skipped(7);
        assertThat(found(watch, Double.NaN).action()).isEqualTo(wanted);
        watch.skipped(9);
        assertThat(found(watch, Double.NaN).action())
                .isEqualTo(wanted == Policy.FAIL ? Policy.FAIL : Policy.PAUSE);
    }

    @Test
    void stepsThatWereRolledBackFromCountOnceTowardsTheLimit() {
        Anomalies policy = new Anomalies(Policy.ROLLBACK, null, 32, 8, 2);
        AnomalyWatch watch = new AnomalyWatch(policy, "short", Map.of(), List.of(7L));
        assertThat(watch.leavesOut(7)).isTrue();
        assertThat(watch.leavesOut(8)).isFalse();
        watch.skipped(7);
        assertThat(action(watch)).isEqualTo(Policy.ROLLBACK);
        AnomalyWatch next = new AnomalyWatch(policy, "short", watch.values(), List.of(7L, 9L));
        assertThat(action(next)).isEqualTo(Policy.PAUSE);
    }

    private static @Nullable Policy action(AnomalyWatch watch) {
        AnomalyWatch.Finding finding = watch.judge(100, Double.NaN, 1);
        return finding == null ? null : finding.action();
    }
}
