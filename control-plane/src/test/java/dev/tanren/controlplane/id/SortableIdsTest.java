package dev.tanren.controlplane.id;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SortableIdsTest {

    @Test
    void idsSortByTheirTimeAndAreAllDifferent() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            ids.add(SortableIds.next());
        }
        assertThat(ids).isSorted().doesNotHaveDuplicates().allMatch(SortableIds::isId);
        assertThat(SortableIds.isId("01HXNOTLOWER0000000000000A")).isFalse();
    }
}
