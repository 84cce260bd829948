package dev.tanren.workflows.payload;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.run.RunWorkflow.Request;
import dev.tanren.workflows.testing.TestKeys;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.failure.v1.Failure;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.payload.context.ActivitySerializationContext;
import io.temporal.payload.context.WorkflowSerializationContext;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SealedDataConverterTest {

    private static final String CANARY = "a-word-of-the-plan";
    private static final Request RECORD =
            new Request("an id", 1, RunAction.PAUSE, Actor.program("ada"), CANARY);

    private final DataConverter sealed =
            new SealedDataConverter(TestKeys.keys())
                    .withContext(new WorkflowSerializationContext("default", "run/r"));

    @Test
    void whatIsSealedIsOpenedAndIsNotToBeReadOnTheWay() {
        Payloads payloads = sealed.toPayloads(RECORD).orElseThrow();

        assertThat(opened(sealed, payloads)).isEqualTo(RECORD);
        assertThat(new String(payloads.toByteArray(), ISO_8859_1))
                .doesNotContain(CANARY, "ada", "json");
        assertThat(sealed.toPayloads(RECORD)).as("another nonce").isNotEqualTo(payloads);
    }

    @Test
    void whatIsNotSealedIsRefused() {
        Payloads plain = DefaultDataConverter.STANDARD_INSTANCE.toPayloads(RECORD).orElseThrow();

        assertRefused(sealed, plain, "is not sealed");
    }

    @Test
    void whatIsMissingIsRefused() {
        for (Optional<Payloads> nothing :
                List.of(Optional.<Payloads>empty(), Optional.of(Payloads.getDefaultInstance()))) {
            ApplicationFailure refused =
                    catchThrowableOfType(
                            ApplicationFailure.class,
                            () -> sealed.fromPayloads(0, nothing, Request.class, Request.class));
            assertThat(Failures.read(refused).errorCode()).isEqualTo(ErrorCode.PAYLOAD_REFUSED);
            assertThatThrownBy(() -> arguments(sealed, nothing))
                    .isInstanceOf(PayloadRefused.class)
                    .hasMessageContaining("missing");
        }
        assertThat(sealed.fromPayloads(0, Optional.empty(), Void.class, Void.class)).isNull();
    }

    @Test
    void everyBitThatIsChangedIsNoticed() {
        Payload payload = sealed.toPayload(RECORD).orElseThrow();
        byte[] data = payload.getData().toByteArray();
        for (int i = 0; i < data.length; i++) {
            data[i] ^= 1;
            assertRefused(sealed, of(payload.toBuilder().setData(ByteString.copyFrom(data))), "");
            data[i] ^= 1;
        }
        for (int length : new int[] {0, 12, 27, data.length - 1}) {
            assertRefused(
                    sealed,
                    of(payload.toBuilder().setData(ByteString.copyFrom(data, 0, length))),
                    "");
        }
        assertRefused(
                sealed, of(payload.toBuilder().putMetadata("more", ByteString.EMPTY)), "form");
    }

    @Test
    void whatIsCopiedToAnotherRunOrAnotherActivityIsRefused() {
        DataConverter otherRun =
                sealed.withContext(new WorkflowSerializationContext("default", "run/other"));
        DataConverter gate = sealed.withContext(activity("EvaluateEvaluate"));
        DataConverter export = sealed.withContext(activity("ExportExport"));

        assertRefused(otherRun, sealed.toPayloads(RECORD).orElseThrow(), "something else");
        assertRefused(gate, sealed.toPayloads(RECORD).orElseThrow(), "something else");
        assertRefused(export, gate.toPayloads(RECORD).orElseThrow(), "something else");
        assertThat(opened(gate, gate.toPayloads(RECORD).orElseThrow())).isEqualTo(RECORD);
    }

    @Test
    void anotherKeyIsRefusedAndAnOlderOneOpensUntilItIsTakenAway() {
        String first = PayloadKeys.made("first");
        String second = PayloadKeys.made("second");
        DataConverter before = with(first);
        DataConverter between = with(second + "," + first);
        Payloads old = before.toPayloads(RECORD).orElseThrow();
        Payloads fresh = between.toPayloads(RECORD).orElseThrow();

        assertThat(opened(between, old)).isEqualTo(RECORD);
        assertThat(opened(with(second), fresh)).isEqualTo(RECORD);
        assertRefused(with(second), old, "not known here");
        assertRefused(with(PayloadKeys.made("first")), old, "changed");
        assertRefused(
                between,
                of(
                        old.getPayloads(0).toBuilder()
                                .putMetadata(
                                        SealingCodec.KEY_ID_KEY,
                                        ByteString.copyFromUtf8("second"))),
                "changed");
    }

    @Test
    void aFailureTravelsWithItsCodeAndItsWordsAreNotToBeReadOnTheWay() {
        ApplicationFailure thrown =
                Failures.ofActivity(
                        new TanrenException(ErrorCode.GATE_FAILED, CANARY, "stages.gate", "more"));

        Failure failure = sealed.exceptionToFailure(thrown);

        assertThat(new String(failure.toByteArray(), ISO_8859_1))
                .doesNotContain(CANARY, "SealedDataConverterTest");
        assertThat(Failures.read(sealed.failureToException(failure)))
                .isEqualTo(Failures.read(thrown));
    }

    @Test
    void aFailureThatIsNotSealedIsRefusedInItsPlace() {
        ApplicationFailure forged =
                ApplicationFailure.newFailure("words", ErrorCode.RANK_CRASHED.name());
        Failure failure = DefaultDataConverter.STANDARD_INSTANCE.exceptionToFailure(forged);

        RuntimeException read = sealed.failureToException(failure);

        assertThat(Failures.isForged(read)).isTrue();
        assertThat(Failures.read(read).what()).isEqualTo("a failure is not sealed");
    }

    /// Retrying is decided by what is sealed.
    @Test
    void theTypeOfAFailureThatWasChangedDecidesNothing() {
        Failure.Builder failure =
                sealed
                        .exceptionToFailure(
                                Failures.ofActivity(
                                        new TanrenException(
                                                ErrorCode.GATE_FAILED, "words", "gate", "more")))
                        .toBuilder();
        failure.getApplicationFailureInfoBuilder().setType(ErrorCode.WORKER_FULL.name());

        assertThat(Failures.read(sealed.failureToException(failure.build())).errorCode())
                .isEqualTo(ErrorCode.GATE_FAILED);
    }

    @Test
    void aTimeoutOfTheServiceIsTakenWithoutWhatWasBeatenLast() {
        Failure.Builder failure = Failure.newBuilder().setMessage("timed out");
        failure.getTimeoutFailureInfoBuilder()
                .setLastHeartbeatDetails(
                        DefaultDataConverter.STANDARD_INSTANCE.toPayloads(7).orElseThrow());

        assertThat(sealed.failureToException(failure.build())).isInstanceOf(TimeoutFailure.class);
    }

    private static DataConverter with(String keys) {
        return new SealedDataConverter(PayloadKeys.of(keys));
    }

    private static ActivitySerializationContext activity(String type) {
        return new ActivitySerializationContext("default", "run/r", "Run", type, "tanren", false);
    }

    private static Payloads of(Payload.Builder payload) {
        return Payloads.newBuilder().addPayloads(payload).build();
    }

    private static Object opened(DataConverter converter, Payloads payloads) {
        return arguments(converter, Optional.of(payloads))[0];
    }

    private static Object[] arguments(DataConverter converter, Optional<Payloads> payloads) {
        return converter.fromPayloads(
                payloads, new Class<?>[] {Request.class}, new Type[] {Request.class});
    }

    private static void assertRefused(DataConverter converter, Payloads payloads, String words) {
        assertThatThrownBy(() -> opened(converter, payloads))
                .isInstanceOf(PayloadRefused.class)
                .hasMessageContaining(ErrorCode.PAYLOAD_REFUSED.code())
                .hasMessageContaining(words);
    }
}
