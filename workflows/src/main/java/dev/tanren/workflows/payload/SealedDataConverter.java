package dev.tanren.workflows.payload;

import com.google.protobuf.ByteString;
import dev.tanren.plan.json.Json;
import dev.tanren.workflows.failure.Failures;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.failure.v1.Failure;
import io.temporal.common.converter.CodecDataConverter;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DataConverterException;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import io.temporal.failure.ApplicationFailure;
import io.temporal.payload.context.SerializationContext;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Optional;

/// Records as the JSON of [Json], sealed by [SealingCodec], failures with their messages and stack
/// traces.
///
/// Nothing is refused more quietly than what is not there: a result or an argument that is missing
/// was not given by one of Tanren's processes either.
///
/// - A result that is refused is a coded failure that no retry mends: whoever waits for it fails.
/// - An argument that is refused is a [PayloadRefused], which see.
/// - A failure that is refused becomes the coded failure of that, in its place. Timeouts and
///   cancellations, which the service writes itself, are taken without their details.
public final class SealedDataConverter implements DataConverter {

    private static final DataConverter RECORDS =
            DefaultDataConverter.newDefaultInstance().withPayloadConverterOverrides(new Records());

    /// What the SDK itself makes of a signal to a workflow that is not there.
    private static final String SIGNAL_FAILED = "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_";

    /// Each says of which class it is, so that a question does not pass for its answer.
    ///
    /// The SDK hands over what a failure says in an [Optional], which the mapper does not know.
    private static final class Records extends JacksonJsonPayloadConverter {

        private static final String CLASS_KEY = "tanren-class";

        Records() {
            super(Json.mapper());
        }

        @Override
        public Optional<Payload> toData(Object value) {
            Object given = value instanceof Optional<?> optional ? optional.orElseThrow() : value;
            return super.toData(given)
                    .map(
                            payload ->
                                    payload.toBuilder()
                                            .putMetadata(CLASS_KEY, named(given.getClass()))
                                            .build());
        }

        @Override
        public <T> T fromData(Payload payload, Class<T> type, Type genericType) {
            ByteString sealed = payload.getMetadataOrDefault(CLASS_KEY, ByteString.EMPTY);
            if (type != Void.class && !sealed.equals(named(type))) {
                throw new PayloadRefused(
                        "a payload of "
                                + sealed.toStringUtf8()
                                + " stands where one of "
                                + named(type).toStringUtf8()
                                + " is due");
            }
            return super.fromData(payload, type, genericType);
        }

        /// Without the package, which may change between two versions.
        private static ByteString named(Class<?> type) {
            return ByteString.copyFromUtf8(
                    type.getName().substring(type.getPackageName().length() + 1));
        }
    }

    private final CodecDataConverter sealed;

    public SealedDataConverter(PayloadKeys keys) {
        this(new CodecDataConverter(RECORDS, List.of(new SealingCodec(keys)), true));
    }

    private SealedDataConverter(CodecDataConverter sealed) {
        this.sealed = sealed;
    }

    @Override
    public DataConverter withContext(SerializationContext context) {
        return new SealedDataConverter(sealed.withContext(context));
    }

    @Override
    public <T> Optional<Payload> toPayload(T value) {
        return sealed.toPayload(value);
    }

    @Override
    public Optional<Payloads> toPayloads(Object... values) {
        return sealed.toPayloads(values);
    }

    @Override
    public <T> T fromPayload(Payload payload, Class<T> type, Type genericType) {
        return sealed.fromPayload(payload, type, genericType);
    }

    /// A result. One that is a bare text may be missing: the SDK asks such of itself, and nothing
    /// of Tanren answers with one.
    @Override
    public <T> T fromPayloads(
            int index, Optional<Payloads> content, Class<T> type, Type genericType) {
        try {
            if (type != Void.class && type != void.class && type != String.class) {
                requireAtLeast(index + 1, content);
            }
            return sealed.fromPayloads(index, content, type, genericType);
        } catch (DataConverterException refused) {
            throw coded(refused);
        }
    }

    /// Arguments.
    @Override
    public Object[] fromPayloads(
            Optional<Payloads> content, Class<?>[] types, Type[] genericTypes) {
        requireAtLeast(types.length, content);
        return sealed.fromPayloads(content, types, genericTypes);
    }

    @Override
    public Failure exceptionToFailure(Throwable thrown) {
        return sealed.exceptionToFailure(
                thrown instanceof PayloadRefused refused ? coded(refused) : thrown);
    }

    @Override
    public RuntimeException failureToException(Failure failure) {
        return sealed.failureToException(checked(failure));
    }

    private Failure checked(Failure failure) {
        Failure.Builder checked = failure.toBuilder();
        if (failure.hasCause()) {
            checked.setCause(checked(failure.getCause()));
        }
        try {
            switch (failure.getFailureInfoCase()) {
                case APPLICATION_FAILURE_INFO -> requireSealed(failure, checked);
                case TIMEOUT_FAILURE_INFO ->
                        checked.getTimeoutFailureInfoBuilder().clearLastHeartbeatDetails();
                case CANCELED_FAILURE_INFO ->
                        checked.getCanceledFailureInfoBuilder().clearDetails();
                case RESET_WORKFLOW_FAILURE_INFO ->
                        checked.getResetWorkflowFailureInfoBuilder().clearLastHeartbeatDetails();
                case TERMINATED_FAILURE_INFO,
                        SERVER_FAILURE_INFO,
                        ACTIVITY_FAILURE_INFO,
                        CHILD_WORKFLOW_EXECUTION_FAILURE_INFO,
                        NEXUS_OPERATION_EXECUTION_FAILURE_INFO,
                        NEXUS_HANDLER_FAILURE_INFO,
                        FAILUREINFO_NOT_SET -> {}
            }
            sealed.failureToException(checked.clone().clearCause().build());
            return checked.build();
        } catch (DataConverterException refused) {
            return sealed.exceptionToFailure(coded(refused));
        }
    }

    private static void requireSealed(Failure failure, Failure.Builder checked) {
        if (failure.hasEncodedAttributes()) {
            return;
        }
        if (!failure.getApplicationFailureInfo().getType().startsWith(SIGNAL_FAILED)) {
            throw new PayloadRefused("a failure is not sealed");
        }
        checked.setMessage("a signal did not reach its workflow").clearStackTrace();
        checked.getApplicationFailureInfoBuilder().clearDetails();
    }

    private static void requireAtLeast(int wanted, Optional<Payloads> content) {
        if (content.map(Payloads::getPayloadsCount).orElse(0) < wanted) {
            throw new PayloadRefused("a payload is missing where one is due");
        }
    }

    private static ApplicationFailure coded(DataConverterException thrown) {
        PayloadRefused refused =
                thrown instanceof PayloadRefused already
                        ? already
                        : new PayloadRefused("a payload is not of the form that is due");
        return Failures.ofWorkflow(refused.failure());
    }
}
