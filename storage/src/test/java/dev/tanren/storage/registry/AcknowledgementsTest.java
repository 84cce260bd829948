package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.storage.registry.Runs.Run;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class AcknowledgementsTest extends RegistryTest {

    @Test
    void whatIsPausedOrFailedNeedsAPersonAndNothingElse() {
        registry.runs().create(run("02"));
        registry.runs().create(run("03"));
        projector.become(RUN, RunState.FAILED);
        projector.become("02", RunState.RUNNING);
        projector.become("03", RunState.RUNNING);
        projector.become("03", RunState.PAUSING);
        projector.become("03", RunState.PAUSED);

        assertThat(waiting()).containsExactly("03", RUN);
    }

    @Test
    void anAcknowledgedFailureNeedsNobodyAndOneOfARetryDoesAgain() {
        projector.become(RUN, RunState.FAILED);
        Run failed = registry.runs().find(RUN).orElseThrow();

        registry.acknowledgements().acknowledge(failed, "mei", "known");
        registry.acknowledgements().acknowledge(failed, "ada", null);
        assertThat(waiting()).isEmpty();

        assertThat(registry.runs().beginExecution(RUN, 1, "once more"))
                .isEqualTo(OptionalLong.of(2));
        registry.runs().project(RUN, new RunVersion(2, 1), RunState.FAILED, "again", null);
        assertThat(waiting()).containsExactly(RUN);
    }

    @Test
    void aFailureNeedsNobodyOnceALaterRunOfItsNameHasSucceeded() {
        projector.become(RUN, RunState.FAILED);
        registry.runs().create(run("02"));
        projector.become("02", RunState.RUNNING);
        assertThat(waiting()).containsExactly(RUN);

        projector.become("02", RunState.SUCCEEDED);
        assertThat(waiting()).isEmpty();

        registry.runs().create(run("03"));
        projector.become("03", RunState.FAILED);
        assertThat(waiting()).containsExactly("03");
    }

    private List<String> waiting() {
        return registry.acknowledgements().waiting(10).stream().map(Run::runId).toList();
    }
}
