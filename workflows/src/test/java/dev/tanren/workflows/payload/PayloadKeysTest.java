package dev.tanren.workflows.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PayloadKeysTest {

    private static final String KEY =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    @Test
    void thereIsNoWorkingWithoutAKey() {
        assertThatThrownBy(() -> PayloadKeys.from(Map.of()))
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
                .hasMessageContaining(PayloadKeys.VARIABLE)
                .hasMessageContaining("openssl rand -hex 32");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                KEY,
                ":" + KEY,
                "a b:" + KEY,
                "a:",
                "a:0123456789abcdef",
                "a:" + KEY + "00",
                "a:x" + KEY,
                "a:" + KEY + ",",
                "a:" + KEY + ",a:" + KEY
            })
    void whatIsNoKeyIsRefusedWithoutBeingShown(String written) {
        assertThatThrownBy(() -> PayloadKeys.of(written))
                .isInstanceOf(TanrenException.class)
                .hasMessageContaining(PayloadKeys.VARIABLE)
                .hasMessageNotContaining("0123456789abcdef");
    }

    @Test
    void keysShowTheirIdsAlone() {
        assertThat(PayloadKeys.of("new:" + KEY + ", old:" + KEY))
                .hasToString("PayloadKeys[new, old]");
    }
}
