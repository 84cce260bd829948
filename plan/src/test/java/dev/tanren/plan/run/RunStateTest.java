package dev.tanren.plan.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RunStateTest {

    @ParameterizedTest
    @CsvSource({
        "QUEUED,     'RUNNING CANCELLING FAILED CANCELLED',                  'CANCEL'",
        "RUNNING,    'PAUSING PAUSED CANCELLING SUCCEEDED FAILED CANCELLED', 'PAUSE CANCEL'",
        "PAUSING,    'RUNNING PAUSED CANCELLING SUCCEEDED FAILED CANCELLED', 'RESUME CANCEL'",
        "PAUSED,     'RUNNING CANCELLING FAILED CANCELLED',                  'RESUME CANCEL'",
        "CANCELLING, 'FAILED CANCELLED',                                     ''",
        "SUCCEEDED,  '',                                                     ''",
        "FAILED,     '',                                                     'RETRY'",
        "CANCELLED,  '',                                                     'RETRY'",
    })
    void whatMayFollowAStateAndWhatMayBeAskedInItIsOneTable(
            RunState state, String followers, String actions) {
        assertThat(
                        Arrays.stream(RunState.values())
                                .filter(state::mayBecome)
                                .map(RunState::name)
                                .toList())
                .containsExactly(words(followers));
        assertThat(state.actions()).extracting(RunAction::name).containsExactly(words(actions));
        assertThat(state.terminal()).isEqualTo(followers.isEmpty());
    }

    private static String[] words(String list) {
        return list.isEmpty() ? new String[0] : list.split(" ", -1);
    }

    @ParameterizedTest
    @EnumSource
    void aStateIsFoundByItsKey(RunState state) {
        assertThat(RunState.of(state.key())).isEqualTo(state);
    }

    @Test
    void anActionNamesTheStatesThatAllowIt() {
        assertThat(RunAction.RESUME.states()).isEqualTo("pausing, paused");
        assertThat(RunAction.of("retry").states()).isEqualTo("failed, cancelled");
        assertThat(RunState.open())
                .extracting(RunState::key)
                .containsExactly("queued", "running", "pausing", "paused", "cancelling");
    }

    @Test
    void aLaterExecutionIsNewerWhateverTheSequence() {
        RunVersion late = new RunVersion(1, 900);
        assertThat(RunVersion.beginning(2)).isGreaterThan(late);
        assertThat(late.next()).isGreaterThan(late).isEqualTo(new RunVersion(1, 901));
        assertThatThrownBy(() -> new RunVersion(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
