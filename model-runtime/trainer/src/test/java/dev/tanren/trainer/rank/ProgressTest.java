package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.Report;
import dev.tanren.launch.Report.Work;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private static final long SECOND = 1_000_000_000;

    private final List<Report> reports = new ArrayList<>();
    private long now = 5 * SECOND;
    private final Progress progress = new Progress(1, reports::add, () -> now);

    @Test
    void aKindOfWorkIsToldAtOnceWhenItIsNew() {
        progress.begin(Work.RESTORING, 0, 0);
        progress.begin(Work.COMPUTING, 7, 4);

        assertThat(reports)
                .containsExactly(
                        new Report.Working(1, 0, Work.RESTORING, 0, 0),
                        new Report.Working(1, 7, Work.COMPUTING, 0, 4));
    }

    @Test
    void itSpeaksOnceASecondAtMostHoweverOftenSomethingIsDone() {
        progress.begin(Work.COMPUTING, 1, 1_000);
        for (int part = 0; part < 1_000; part++) {
            now += SECOND / 100;
            progress.sign();
            progress.partDone();
        }

        assertThat(reports).hasSizeBetween(10, 11);
        assertThat(reports.getLast())
                .isInstanceOfSatisfying(
                        Report.Working.class,
                        last -> {
                            assertThat(last.done()).isGreaterThanOrEqualTo(900);
                            assertThat(last.inWords()).startsWith("computing step 1, ");
                        });
    }

    @Test
    void aRankThatDoesNothingSaysNothing() {
        progress.begin(Work.COMPUTING, 1, 4);
        reports.clear();
        now += 100 * SECOND;
        progress.tellWaits();

        assertThat(reports).isEmpty();
    }

    @Test
    void aWaitForAPeerIsToldWhenItIsLongAndEndsWithASign() {
        progress.begin(Work.COMPUTING, 1, 4);
        reports.clear();

        progress.awaiting(
                0,
                () -> {
                    now += SECOND;
                    progress.tellWaits();
                    assertThat(reports).isEmpty();
                    now += 2 * SECOND;
                    progress.tellWaits();
                    assertThat(reports).containsExactly(new Report.PeerAwaited(1, 0, 3.0));
                    return 0;
                });

        assertThat(reports).last().isEqualTo(new Report.Working(1, 1, Work.COMPUTING, 0, 4));
        reports.clear();
        progress.tellWaits();
        assertThat(reports).isEmpty();
    }
}
