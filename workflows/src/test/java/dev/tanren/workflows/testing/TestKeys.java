package dev.tanren.workflows.testing;

import dev.tanren.workflows.payload.PayloadKeys;

/// The key of all tests, with which the stored histories are sealed too.
public final class TestKeys {

    /// As [PayloadKeys#VARIABLE] has it.
    public static final String WRITTEN = "test:" + "0123456789abcdef".repeat(4);

    private TestKeys() {}

    public static PayloadKeys keys() {
        return PayloadKeys.of(WRITTEN);
    }
}
