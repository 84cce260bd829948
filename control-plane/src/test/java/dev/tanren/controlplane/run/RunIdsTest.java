package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunIdsTest {

    @Test
    void idsSortByTheirTimeAndAreAllDifferent() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            ids.add(RunIds.next());
        }
        assertThat(ids).isSorted().doesNotHaveDuplicates().allMatch(RunIds::isId);
        assertThat(RunIds.isId("01HXNOTLOWER0000000000000A")).isFalse();
    }

    @Test
    void theTailOfALogIsItsLastLines() {
        assertThat(LogsResource.lastLines("a\nb\nc\n", 2)).isEqualTo("b\nc\n");
        assertThat(LogsResource.lastLines("a\nb\nc", 1)).isEqualTo("c");
        assertThat(LogsResource.lastLines("a\nb\n", 9)).isEqualTo("a\nb\n");
        assertThat(LogsResource.lastLines("", 9)).isEmpty();
    }
}
