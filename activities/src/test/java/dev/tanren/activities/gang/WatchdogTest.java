package dev.tanren.activities.gang;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.activities.gang.internal.Watchdog;
import dev.tanren.activities.gang.internal.Watchdog.Hung;
import dev.tanren.launch.Report.Work;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// On a clock of its own, at 0.1 s, 10 s and 10 minutes.
class WatchdogTest {

    private static final GangSettings SETTINGS = GangSettings.standard();
    private static final Duration FLOOR = SETTINGS.shortestSilence();
    private static final Duration PATIENT = SETTINGS.unmeasuredSilence();

    private long now = 1_000;

    @Test
    void theFloorIsThirtySecondsAndThePatienceAtFirstTenMinutes() {
        assertThat(FLOOR).isEqualTo(Duration.ofSeconds(30));
        assertThat(PATIENT).isEqualTo(Duration.ofMinutes(10));
    }

    @ParameterizedTest
    @ValueSource(longs = {100, 10_000, 600_000})
    void aRankThatTellsItsProgressIsNeverHungHoweverLongItsStepsAre(long millis) {
        Watchdog watchdog = watchdog(null, 1);
        watchdog.ready(0, now);
        for (int step = 1; step <= 5; step++) {
            for (int part = 0; part < 100; part++) {
                assertThat(after(watchdog, Duration.ofMillis(millis))).isEmpty();
                watchdog.works(0, Work.COMPUTING, now);
            }
            watchdog.stepped(0, now);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {100, 10_000, 180_000})
    void aRankIsHungAfterThreeTimesTheLongestSilenceAndNoSoonerThanTheFloor(long millis) {
        Watchdog watchdog = watchdog(null, 1);
        watchdog.ready(0, now);
        after(watchdog, Duration.ofMillis(millis));
        watchdog.works(0, Work.COMPUTING, now);
        after(watchdog, Duration.ofMillis(millis / 2));
        watchdog.stepped(0, now);
        Duration limit = max(FLOOR, Duration.ofMillis(3 * millis));

        assertThat(watchdog.limit(0)).isEqualTo(limit);
        assertThat(after(watchdog, limit)).isEmpty();
        assertThat(after(watchdog, Duration.ofMillis(1)))
                .contains(new Hung(List.of(0), false, limit.plusMillis(1), limit));
    }

    @Test
    void beforeTheFirstStepItIsPatientWhateverWasSeen() {
        Watchdog watchdog = watchdog(null, 1);
        watchdog.ready(0, now);
        watchdog.works(0, Work.COMPUTING, now);

        assertThat(after(watchdog, PATIENT)).isEmpty();
        assertThat(after(watchdog, Duration.ofMillis(1))).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"EVALUATING", "SAVING"})
    void workThatNoneHasDoneBeforeIsGivenTimeAndOnceDoneNoMoreThanOther(Work work) {
        Watchdog watchdog = stepping(Duration.ofMillis(100));
        watchdog.works(0, work, now);
        assertThat(watchdog.limit(0)).isEqualTo(PATIENT);
        assertThat(after(watchdog, Duration.ofMinutes(4))).isEmpty();

        watchdog.works(0, Work.COMPUTING, now);

        watchdog.works(0, work, now);
        assertThat(watchdog.limit(0)).isEqualTo(Duration.ofMinutes(12));
    }

    @Test
    void theTimeThatAStartTakesSaysNothingOfSteps() {
        Watchdog watchdog = watchdog(null, 1);
        after(watchdog, Duration.ofMinutes(5));
        watchdog.ready(0, now);
        watchdog.stepped(0, now);

        assertThat(watchdog.limit(0)).isEqualTo(FLOOR);
    }

    @Test
    void aPlansOwnLimitHoldsFromTheStartOn() {
        Watchdog watchdog = watchdog(Duration.ofMinutes(20), 1);
        assertThat(after(watchdog, Duration.ofMinutes(20))).isEmpty();
        watchdog.ready(0, now);
        watchdog.stepped(0, now);
        assertThat(watchdog.limit(0)).isEqualTo(Duration.ofMinutes(20));
    }

    @Test
    void aShortLimitOfAPlanDoesNotHoldWhileARankStarts() {
        Watchdog watchdog = watchdog(Duration.ofSeconds(20), 1);
        assertThat(after(watchdog, PATIENT)).isEmpty();
        watchdog.ready(0, now);
        assertThat(watchdog.limit(0)).isEqualTo(Duration.ofSeconds(20));
    }

    @Test
    void aRankThatWaitsForASlowPeerIsNotHungAndThePeerThatStopsIsTheOneThatIsNamed() {
        Watchdog watchdog = stepping(Duration.ofMillis(100), 2);
        for (int second = 0; second < 600; second++) {
            assertThat(after(watchdog, Duration.ofSeconds(1))).isEmpty();
            watchdog.waitsForPeer(0, now);
            watchdog.works(1, Work.COMPUTING, now);
        }
        Optional<Hung> hung = Optional.empty();
        for (int second = 0; second < 31; second++) {
            hung = after(watchdog, Duration.ofSeconds(1));
            watchdog.waitsForPeer(0, now);
        }
        assertThat(hung).contains(new Hung(List.of(1), false, Duration.ofSeconds(31), FLOOR));
    }

    @Test
    void ranksThatWaitForEachOtherAreHungTogether() {
        Watchdog watchdog = stepping(Duration.ofMillis(100), 2);
        Optional<Hung> hung = Optional.empty();
        for (int second = 0; second < 31; second++) {
            watchdog.waitsForPeer(0, now);
            watchdog.waitsForPeer(1, now);
            hung = after(watchdog, Duration.ofSeconds(1));
        }
        assertThat(hung).contains(new Hung(List.of(0, 1), true, Duration.ofSeconds(31), FLOOR));
    }

    @Test
    void aRankThatWaitsForOneThatHasEndedIsHung() {
        Watchdog watchdog = stepping(Duration.ofMillis(100), 2);
        watchdog.ended(1);
        Optional<Hung> hung = Optional.empty();
        for (int second = 0; second < 31; second++) {
            watchdog.waitsForPeer(0, now);
            hung = after(watchdog, Duration.ofSeconds(1));
        }
        assertThat(hung).hasValueSatisfying(found -> assertThat(found.ranks()).containsExactly(0));
    }

    @Test
    void aRankThatWaitsForTheStoreIsNotHung() {
        Watchdog watchdog = stepping(Duration.ofMillis(100));
        for (int wait = 0; wait < 1_000; wait++) {
            assertThat(after(watchdog, Duration.ofSeconds(2))).isEmpty();
            watchdog.waitsForStore(0, now);
        }
    }

    @Test
    void theWatchsOwnPauseIsNobodysSilence() {
        Watchdog watchdog = stepping(Duration.ofMillis(100));
        now += Duration.ofMinutes(30).toNanos();

        assertThat(watchdog.look(now)).isEmpty();
        watchdog.works(0, Work.COMPUTING, now);
        assertThat(watchdog.limit(0)).isEqualTo(FLOOR);
    }

    @Test
    void nothingIsExpectedOfRanksThatHaveEnded() {
        Watchdog watchdog = stepping(Duration.ofMillis(100), 2);
        watchdog.ended(0);
        watchdog.ended(1);
        assertThat(after(watchdog, Duration.ofHours(1))).isEmpty();
    }

    private Watchdog watchdog(@Nullable Duration planned, int ranks) {
        return new Watchdog(SETTINGS, planned, ranks, now);
    }

    private Watchdog stepping(Duration step) {
        return stepping(step, 1);
    }

    /// After ten steps.
    private Watchdog stepping(Duration step, int ranks) {
        Watchdog watchdog = watchdog(null, ranks);
        for (int rank = 0; rank < ranks; rank++) {
            watchdog.ready(rank, now);
        }
        for (int done = 0; done < 10; done++) {
            after(watchdog, step);
            for (int rank = 0; rank < ranks; rank++) {
                watchdog.stepped(rank, now);
            }
        }
        return watchdog;
    }

    /// What it says when so much time has passed; it has looked once a second meanwhile.
    private Optional<Hung> after(Watchdog watchdog, Duration passing) {
        long end = now + passing.toNanos();
        Optional<Hung> hung = Optional.empty();
        while (now < end && hung.isEmpty()) {
            now = Math.min(end, now + Duration.ofSeconds(1).toNanos());
            hung = watchdog.look(now);
        }
        return hung;
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }
}
