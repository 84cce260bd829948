package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.RegistryActivities;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Whatever the registry refuses a record for, the run goes on and stays in hand.
@Timeout(60)
class RefusedRecordsTest extends WorkflowTest {

    private static final String WORDS = "words that are refused";
    private static final String WHY = WORDS;

    @Test
    void aRunWhoseRequestsAreRefusedIsPausedResumedAndCancelledAllTheSame() {
        platform.refused = WORDS::equals;
        platform.script.add(platform.untilCancelled(3));
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = temporal.start(Plans.published());

        temporal.pauseAtWork(WHY, 1);
        ask(RunAction.RESUME, WHY);
        temporal.pauseAtWork(WHY, 2);
        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);

        assertThat(platform.statuses())
                .containsExactly(
                        "running",
                        "pausing",
                        "paused",
                        "running",
                        "pausing",
                        "paused",
                        "cancelling",
                        "cancelled");
        assertThat(platform.reasons).contains(RegistryActivities.REFUSED).doesNotContain(WORDS);
        assertThat(platform.log)
                .filteredOn(line -> line.startsWith("request"))
                .containsExactly(
                        "request pause by unknown",
                        "request resume by unknown",
                        "request pause by unknown",
                        "request cancel by unknown");
    }

    @Test
    void aFailureWhoseWordsAreRefusedIsRecordedWithItsCode() {
        platform.refused = words -> words.contains("scripted");
        platform.script.add(platform.failing(ErrorCode.TRAINING_DIVERGED, 3));

        Assertions.assertThatThrownBy(() -> temporal.start(Plans.published()).getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class);

        assertThat(platform.statuses()).containsExactly("running", "failed TRAINING_DIVERGED");
        assertThat(platform.stages)
                .containsEntry("adapt", "failed")
                .containsEntry("release", "skipped");
    }

    @Test
    void aRecordThatIsRefusedInEveryFormKeepsNoLaterOneBack() {
        platform.refused = words -> words.equals(WORDS) || words.equals(RegistryActivities.REFUSED);
        platform.script.add(platform.untilCancelled(3));
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("gang at work"));

        ask(RunAction.PAUSE, WHY);
        await(() -> ask().state().status().equals("paused"));
        ask(RunAction.RESUME, null);
        run.getResult(Void.class);

        assertThat(platform.statuses()).containsExactly("running", "running", "succeeded");
    }
}
