package dev.tanren.plan.validation;

import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import dev.tanren.plan.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/// One mistake in a plan, where it stands and how to mend it.
///
/// @param code in JSON as `TNR-1005`, as in all that people and programs are told
/// @param line from 1
/// @param column from 1
/// @param path such as `stages[0].optimizer.learningRate`; empty for the whole document
/// @param found what stands there
/// @param expected what may stand there
/// @param nearest the known name most like the one that was found, if one is near
/// @param mend what to do about it
public record Problem(
        @JsonSerialize(using = CodeAsText.class) ErrorCode code,
        int line,
        int column,
        String path,
        String found,
        String expected,
        @Nullable String nearest,
        String mend) {

    /// The whole problem in one line.
    public String message() {
        StringBuilder text = new StringBuilder();
        text.append("line ").append(line).append(", column ").append(column).append(": ");
        if (!path.isEmpty()) {
            text.append(path).append(": ");
        }
        text.append("found ").append(found).append(", expected ").append(expected).append(". ");
        if (nearest != null) {
            text.append("Did you mean ").append(nearest).append("? ");
        }
        return text.append(mend).append(" [").append(code.code()).append(']').toString();
    }
}
