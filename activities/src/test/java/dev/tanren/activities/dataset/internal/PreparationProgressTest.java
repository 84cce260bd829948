package dev.tanren.activities.dataset.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.tokens.PreparingDataset;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreparationProgressTest {

    private long now = 7;
    private final List<String> beats = new ArrayList<>();
    private final List<PreparingDataset> told = new ArrayList<>();

    @Test
    void theHeartHearsEverythingAndPeopleHearItEverMoreSeldom() {
        PreparationProgress progress =
                new PreparationProgress("prose", beats::add, told::add, () -> now);
        List<Integer> heardAfter = new ArrayList<>();
        for (int second = 0; second <= 600; second++) {
            int before = told.size();
            progress.at("tokenising", 1_000L * second, 5_000L * second);
            if (told.size() > before) {
                heardAfter.add(second);
            }
            now += Duration.ofSeconds(1).toNanos();
        }

        assertThat(beats).hasSize(601);
        assertThat(heardAfter).startsWith(5, 15, 35, 75, 155, 275, 395);
        assertThat(told.getFirst())
                .isEqualTo(
                        new PreparingDataset("prose", "tokenising", 5_000, "documents", 25_000L));
        assertThat(told.getFirst().sentence())
                .isEqualTo(
                        "dataset prose is being prepared: tokenising, 5,000 documents, 25,000"
                                + " bytes so far");
    }
}
