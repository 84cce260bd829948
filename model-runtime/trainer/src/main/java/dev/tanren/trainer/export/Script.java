package dev.tanren.trainer.export;

import java.util.Locale;

/// What sources of TorchScript have in common.
final class Script {

    private Script() {}

    /// A number in full precision.
    static String number(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }
}
