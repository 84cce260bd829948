package dev.tanren.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4097})
    void everyNumberBelowTheSizeIsReachedOnce(long size) {
        Permutation permutation = new Permutation(size, 17);
        assertThat(LongStream.range(0, size).map(permutation::apply).sorted().toArray())
                .isEqualTo(LongStream.range(0, size).toArray());
    }

    @Test
    void differentKeysGiveDifferentOrders() {
        Permutation first = new Permutation(1000, Permutation.key(17, "code/128", "0"));
        Permutation second = new Permutation(1000, Permutation.key(17, "code/128", "1"));
        long equal =
                LongStream.range(0, 1000).filter(n -> first.apply(n) == second.apply(n)).count();
        assertThat(equal).isLessThan(20);
    }

    @Test
    void keysTellWhereOneWordEndsAndTheNextBegins() {
        assertThat(Permutation.key(1, "ab", "c")).isNotEqualTo(Permutation.key(1, "a", "bc"));
    }

    @Test
    void aNumberOutsideIsRefused() {
        assertThatThrownBy(() -> new Permutation(8, 1).apply(8))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
