package dev.tanren.controlplane.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.Tokens.Role;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CallersTest {

    private static final Settings STANDARD =
            new SmallRyeConfigBuilder()
                    .withMapping(Settings.class)
                    .build()
                    .getConfigMapping(Settings.class);

    private static final String HERE = "127.0.0.1";
    private static final Credential RIGHT = new Credential.Bearer(ApiTokens.generate());
    private static final Caller MEI = new Caller("1", "mei", Role.ADMIN);

    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicLong now = new AtomicLong();
    private final Callers callers =
            new Callers(credential -> Optional.empty(), this::database, STANDARD, now::get);

    private Optional<Caller> database(Credential credential) {
        asked.incrementAndGet();
        return credential.equals(RIGHT) ? Optional.of(MEI) : Optional.empty();
    }

    private static Credential wrong(int i) {
        return new Credential.Bearer("tnr_ffff" + "%036d".formatted(i));
    }

    private void isTurnedAway(Credential credential, String address) {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> callers.lookUp(credential, address))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS));
    }

    @Test
    void fiftyWrongTokensDoNotLockOutTheRightOneOfTheSameAddress() {
        for (int i = 0; i < STANDARD.failureBurst(); i++) {
            assertThat(callers.lookUp(wrong(i), HERE)).isEmpty();
        }
        isTurnedAway(wrong(99), HERE);
        assertThat(callers.lookUp(RIGHT, HERE)).contains(MEI);
    }

    @Test
    void whoFailedTooOftenReachesTheDatabaseNoMore() {
        for (int i = 0; i < STANDARD.failureBurst(); i++) {
            callers.lookUp(wrong(i), HERE);
        }
        int before = asked.get();
        for (int i = 0; i < 1_000; i++) {
            isTurnedAway(wrong(i), HERE);
        }
        assertThat(asked).hasValue(before);
        assertThat(callers.lookUp(wrong(1), "192.0.2.1")).isEmpty();
    }

    @Test
    void anAddressThatGuessesWidelyIsLimitedBeforeTheDatabaseAndOthersAreNot() {
        for (int i = 0; i < 10_000; i++) {
            try {
                callers.lookUp(new Credential.Bearer("%08d-a-guess-of-mine".formatted(i)), HERE);
            } catch (TanrenException limited) {
                assertThat(limited.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
            }
        }
        assertThat(asked).hasValue(STANDARD.lookUpBurst());
        assertThat(callers.lookUp(RIGHT, "192.0.2.1")).contains(MEI);
    }

    @Test
    void whatWasGoodLatelyIsCountedForItsTokenAndNotForTheAddress() {
        assertThat(callers.lookUp(RIGHT, HERE)).contains(MEI);
        for (int i = 0; i < 10_000; i++) {
            try {
                callers.lookUp(new Credential.Bearer("%08d-a-guess-of-mine".formatted(i)), HERE);
            } catch (TanrenException limited) {
                assertThat(limited.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
            }
        }
        int before = asked.get();
        for (int i = 1; i < STANDARD.requestBurst(); i++) {
            assertThat(callers.lookUp(RIGHT, HERE)).contains(MEI);
        }
        isTurnedAway(RIGHT, HERE);
        assertThat(asked).hasValue(before + STANDARD.requestBurst() - 1);
        now.addAndGet(1_000_000_000);
        assertThat(callers.lookUp(RIGHT, HERE)).contains(MEI);
    }

    @Test
    void ofIpv6TheNetworkIsCounted() {
        assertThat(Addresses.network("2001:db8:0:1:a:b:c:d")).isEqualTo("2001:db8:0:1");
        assertThat(Addresses.network("192.0.2.1")).isEqualTo("192.0.2.1");
    }
}
