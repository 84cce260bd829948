package dev.tanren.plan.validation.internal;

import dev.tanren.plan.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/// Why a single value is not of its kind.
///
/// @param nearest the allowed word that is most like the value, if one is near
record Mismatch(ErrorCode code, @Nullable String nearest, String mend) {

    static Mismatch type(String mend) {
        return new Mismatch(ErrorCode.PLAN_WRONG_TYPE, null, mend);
    }

    static Mismatch value(String mend) {
        return new Mismatch(ErrorCode.PLAN_VALUE, null, mend);
    }
}
