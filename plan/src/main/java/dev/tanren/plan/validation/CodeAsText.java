package dev.tanren.plan.validation;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import dev.tanren.plan.error.ErrorCode;
import java.io.IOException;

/// Writes the code of an error as it is told, rather than the name of its constant.
final class CodeAsText extends StdSerializer<ErrorCode> {

    private static final long serialVersionUID = 1;

    CodeAsText() {
        super(ErrorCode.class);
    }

    @Override
    public void serialize(ErrorCode code, JsonGenerator json, SerializerProvider provider)
            throws IOException {
        json.writeString(code.code());
    }
}
