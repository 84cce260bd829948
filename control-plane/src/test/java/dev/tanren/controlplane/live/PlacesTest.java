package dev.tanren.controlplane.live;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlacesTest {

    @Test
    void nobodyTakesAllOfThem() {
        Places places = new Places(8);

        assertThat(places.take("a")).isTrue();
        assertThat(places.take("a")).isTrue();
        assertThat(places.take("a")).as("a third of a quarter of eight").isFalse();

        assertThat(places.take("b")).isTrue();
        places.giveBack("a");
        assertThat(places.take("a")).isTrue();
    }

    @Test
    void togetherThereAreNoMoreThanThereAre() {
        Places places = new Places(2);

        assertThat(places.take("a")).isTrue();
        assertThat(places.take("b")).isTrue();
        assertThat(places.take("c")).isFalse();
        places.giveBack("b");
        assertThat(places.take("c")).isTrue();
    }
}
