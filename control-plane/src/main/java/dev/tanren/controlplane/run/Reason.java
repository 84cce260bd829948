package dev.tanren.controlplane.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.jspecify.annotations.Nullable;

/// The body of a request that may say why it is made.
///
/// @param reason for the record, at most 1000 characters
public record Reason(@Nullable String reason) {

    static final int LONGEST = 1_000;

    /// Read here rather than by the framework, which refuses a request without any body.
    ///
    /// @return null where there is no body, or nothing but blanks in it
    /// @throws dev.tanren.plan.error.TanrenException where it is too long
    static @Nullable String in(String body, ObjectMapper mapper) throws JsonProcessingException {
        Reason given = body.isBlank() ? null : mapper.readValue(body, Reason.class);
        String reason = given == null ? null : given.reason();
        if (reason == null || reason.isBlank()) {
            return null;
        }
        requireShort(reason);
        return reason;
    }

    static void requireShort(String reason) {
        if (reason.length() > LONGEST) {
            throw RunsResource.malformed("reason", "at most 1000 characters");
        }
    }
}
