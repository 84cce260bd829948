package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.objects.ObjectStore.StoredObject;
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

    /// A rank may write whatever key it likes below its run's own.
    @Test
    void anObjectThatIsNamedLikeALogOfNoAttemptIsNone() {
        assertThat(LogsResource.view(object("999999999/rank-7.log")))
                .hasValueSatisfying(
                        view -> {
                            assertThat(view.attempt()).isEqualTo(999_999_999);
                            assertThat(view.rank()).isEqualTo(7);
                        });
        assertThat(LogsResource.view(object("99999999999/rank-0.log"))).isEmpty();
        assertThat(LogsResource.view(object("1/rank-99999999999.log"))).isEmpty();
        assertThat(LogsResource.view(object("2147483648/rank-0.log"))).isEmpty();
    }

    private static StoredObject object(String log) {
        return new StoredObject("runs/r/adapt/logs/" + log, 10);
    }
}
