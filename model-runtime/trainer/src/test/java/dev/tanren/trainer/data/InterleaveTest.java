package dev.tanren.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterleaveTest {

    @Test
    void everySourceHasExactlyItsSamples() {
        assertThat(new Interleave(List.of(700L, 250L, 50L)).drawn(1000))
                .containsExactly(700, 250, 50);
        assertThat(new Interleave(List.of(99_999L, 1L)).drawn(100_000)).containsExactly(99_999, 1);
    }

    @Test
    void twoSourcesAreNeverMoreThanHalfASampleFromTheirShares() {
        Interleave mix = new Interleave(List.of(70L, 17L));
        for (int samples = 0; samples <= 87; samples++) {
            assertThat(mix.drawn(samples)[1] - 17.0 * samples / 87).isBetween(-0.5, 0.5);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void howeverManySourcesThereAreNoneIsFarFromItsShare(long seed) {
        Random random = new Random(seed);
        List<Long> samples = new ArrayList<>();
        for (int source = 0; source < 2 + random.nextInt(20); source++) {
            samples.add(1L + (long) Math.pow(random.nextDouble() * 6, 3));
        }
        long all = samples.stream().mapToLong(Long::longValue).sum();
        Interleave mix = new Interleave(samples);
        for (int taken = 0; taken <= all; taken++) {
            long[] drawn = mix.drawn(taken);
            for (int source = 0; source < samples.size(); source++) {
                double share = (double) samples.get(source) * taken / all;
                assertThat(drawn[source] - share).as("seed %d", seed).isBetween(-2.0, 2.0);
            }
        }
    }

    @Test
    void theOrdinalCountsTheSamplesOfItsSource() {
        Interleave mix = new Interleave(List.of(850L, 825L, 824L, 1L));
        long[] seen = new long[4];
        for (long sample = 0; sample < 2500; sample++) {
            assertThat(mix.drawn(sample)).isEqualTo(seen);
            Interleave.Place place = mix.at(sample);
            assertThat(place.ordinal()).isEqualTo(seen[place.source()]++);
        }
        assertThat(mix.drawn(2500)).isEqualTo(seen);
    }

    /// 1000T tokens in sequences of two are the longest phase that a plan may have.
    @Test
    void theLongestPhaseIsCountedExactly() {
        long most = 500_000_000_000_000L;
        Interleave mix = new Interleave(List.of(most - 1 - most / 3, most / 3, 1L));
        assertThat(mix.drawn(most)).containsExactly(most - 1 - most / 3, most / 3, 1);
        Interleave.Place last = mix.at(most - 1);
        assertThat(last.ordinal()).isEqualTo(mix.drawn(most)[last.source()] - 1);
    }

    @Test
    void aSourceWithoutSamplesAndASampleBehindTheLastAreRefused() {
        assertThatThrownBy(() -> new Interleave(List.of(10L, 0L)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Interleave(Collections.emptyList()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Interleave(List.of(10L)).at(10))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
