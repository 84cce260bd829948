package dev.tanren.trainer.generate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The tokens that end a model's texts.
public final class EndTokens {

    private static final String KEY = "eos_token_id";

    private EndTokens() {}

    /// `eos_token_id` of `generation_config.json`, one or several; where that file is missing or
    /// does not say, of `config.json`.
    ///
    /// @throws TanrenException `MODEL_CONFIGURATION` when the file or the key cannot be read
    public static Set<Integer> of(HuggingFaceDirectory model) {
        Path file = model.directory().resolve("generation_config.json");
        if (Files.isRegularFile(file)) {
            JsonNode ids = read(file).path(KEY);
            if (!ids.isMissingNode() && !ids.isNull()) {
                return parse(ids, file);
            }
        }
        return Set.copyOf(model.configuration().eosTokenIds());
    }

    private static Set<Integer> parse(JsonNode ids, Path file) {
        Set<Integer> found = new LinkedHashSet<>();
        for (JsonNode id : ids.isArray() ? ids : Json.mapper().createArrayNode().add(ids)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw bad(file, "`" + KEY + "` has `" + id + "` in the place of a token id", null);
            }
            found.add(id.intValue());
        }
        return found;
    }

    private static JsonNode read(Path file) {
        try {
            return Json.mapper().readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw bad(file, "it is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw bad(file, "it cannot be read: " + e.getMessage(), e);
        }
    }

    private static TanrenException bad(Path file, String what, @Nullable Throwable cause) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                what,
                file.toString(),
                "Fetch the file again; without it, `config.json` says where texts end.",
                cause);
    }
}
