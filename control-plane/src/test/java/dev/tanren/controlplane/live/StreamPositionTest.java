package dev.tanren.controlplane.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.controlplane.live.StreamPosition.Step;
import dev.tanren.plan.error.TanrenException;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamPositionTest {

    @Test
    void aPositionIsWrittenAsItIsRead() {
        for (String text : List.of("0", "17", "17/adapt/2/640", "0/a-1/0/0")) {
            assertThat(StreamPosition.parse(text)).hasToString(text);
        }
        assertThat(StreamPosition.parse("17/adapt/2/640"))
                .isEqualTo(new StreamPosition(17, new Step("adapt", 2, 640)));
        assertThat(StreamPosition.parse(null)).isEqualTo(StreamPosition.START);
    }

    @Test
    void whatIsNoPositionIsRefused() {
        for (String text :
                List.of("x", "-1", "1/adapt", "1/adapt/1", "1/A/1/1", "1/a/1/1/", "9".repeat(19))) {
            assertThatThrownBy(() -> StreamPosition.parse(text))
                    .isInstanceOf(TanrenException.class)
                    .hasMessageContaining("the id of an event");
        }
    }
}
