package dev.tanren.workflows.temporal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a Temporal of one's own knows its clients by, sent with every call.
///
/// @param file `TANREN_TEMPORAL_API_KEY_FILE`, read for every call, so that a new key needs no
///     restart; null where the key itself is given
/// @param value `TANREN_TEMPORAL_API_KEY`; empty where a file is given
record TemporalApiKey(@Nullable Path file, String value) {

    static final String VARIABLE = "TANREN_TEMPORAL_API_KEY";
    static final String FILE_VARIABLE = "TANREN_TEMPORAL_API_KEY_FILE";

    /// @return null where there is none
    static @Nullable TemporalApiKey from(Map<String, String> environment) {
        String value = environment.getOrDefault(VARIABLE, "").strip();
        String file = environment.getOrDefault(FILE_VARIABLE, "");
        if (!value.isEmpty() && !file.isBlank()) {
            throw TemporalSettings.wrong(
                    FILE_VARIABLE, VARIABLE + " is set as well", "take one of the two away");
        }
        if (!file.isBlank()) {
            TemporalApiKey key = new TemporalApiKey(Path.of(file), "");
            key.read();
            return key;
        }
        return value.isEmpty() ? null : new TemporalApiKey(null, value);
    }

    /// @throws dev.tanren.plan.error.TanrenException `USAGE` where the file cannot be read
    String read() {
        if (file == null) {
            return value;
        }
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw TemporalSettings.wrong(
                    FILE_VARIABLE,
                    "cannot read the file " + file,
                    "let it name a file that has the key and nothing else");
        }
    }

    @Override
    public String toString() {
        return "TemporalApiKey[…]";
    }
}
