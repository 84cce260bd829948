package dev.tanren.workflows.payload;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.workflows.failure.Failure;
import io.temporal.common.converter.DataConverterException;

/// What was read from Temporal was not sealed by one of Tanren's processes.
///
/// Where it is the argument of a signal it is logged and the signal dropped, of an update it is
/// answered to whoever sent it, of a workflow or activity that one fails.
public final class PayloadRefused extends DataConverterException {

    private static final String PLACE = "Temporal";

    PayloadRefused(String what) {
        super(ErrorCode.PAYLOAD_REFUSED.code() + " " + what);
    }

    /// The same as a coded error.
    public Failure failure() {
        return new Failure(
                ErrorCode.PAYLOAD_REFUSED,
                String.valueOf(getMessage())
                        .substring(ErrorCode.PAYLOAD_REFUSED.code().length() + 1),
                PLACE,
                ErrorCode.PAYLOAD_REFUSED.mend());
    }
}
