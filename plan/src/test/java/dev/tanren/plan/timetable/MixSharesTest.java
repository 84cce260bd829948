package dev.tanren.plan.timetable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MixSharesTest {

    @Test
    void sharesAreExactOverThePhase() {
        assertThat(MixShares.of(mix("a", 0.7, "b", 0.25, "c", 0.05), 1000))
                .isEqualTo(Map.of("a", 700L, "b", 250L, "c", 50L));
        assertThat(MixShares.of(mix("a", 0.9999, "b", 0.0001), 1_000_000))
                .isEqualTo(Map.of("a", 999_900L, "b", 100L));
    }

    @Test
    void aShareOfNothingIsNothing() {
        assertThat(MixShares.of(mix("a", 0.0, "b", 1.0), 1000))
                .isEqualTo(Map.of("a", 0L, "b", 1000L));
    }

    @Test
    void theLargestRemaindersTakeWhatIsLeft() {
        // 3.6, 3.3 and 3.1 of 10.
        assertThat(MixShares.of(mix("a", 0.36, "b", 0.33, "c", 0.31), 10))
                .isEqualTo(Map.of("a", 4L, "b", 3L, "c", 3L));
        assertThat(MixShares.of(mix("a", 0.96, "b", 0.04), 12))
                .isEqualTo(Map.of("a", 12L, "b", 0L));
    }

    @Test
    void equalRemaindersAreTakenByNameWhateverTheOrderOfThePlan() {
        double third = 1.0 / 3;
        assertThat(MixShares.of(mix("c", third, "b", third, "a", third), 10))
                .isEqualTo(MixShares.of(mix("a", third, "b", third, "c", third), 10))
                .isEqualTo(Map.of("a", 4L, "b", 3L, "c", 3L));
    }

    @Test
    void sharesAreWhatIsWrittenAndNotWhatIsStored() {
        // 0.1 and 0.7 are no binary fractions; of 10^15 samples that would show.
        assertThat(MixShares.of(mix("a", 0.1, "b", 0.7, "c", 0.2), 1_000_000_000_000_000L))
                .isEqualTo(
                        Map.of(
                                "a",
                                100_000_000_000_000L,
                                "b",
                                700_000_000_000_000L,
                                "c",
                                200_000_000_000_000L));
    }

    @Test
    void aMixOfNothingIsRefused() {
        assertThatThrownBy(() -> MixShares.of(mix("a", 0.0), 10))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Map<String, Double> mix(Object... members) {
        Map<String, Double> mix = new LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) {
            mix.put((String) members[i], (Double) members[i + 1]);
        }
        return mix;
    }
}
