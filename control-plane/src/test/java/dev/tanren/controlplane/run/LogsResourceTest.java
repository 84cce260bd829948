package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogsResourceTest {

    @Test
    void theTailOfALogIsItsLastLines() {
        assertThat(LogsResource.lastLines("a\nb\nc\n", 2)).isEqualTo("b\nc\n");
        assertThat(LogsResource.lastLines("a\nb\nc", 1)).isEqualTo("c");
        assertThat(LogsResource.lastLines("a\nb\n", 9)).isEqualTo("a\nb\n");
        assertThat(LogsResource.lastLines("", 9)).isEmpty();
        assertThat(LogsResource.lastLines("a\nb", 0)).isEmpty();
    }
}
