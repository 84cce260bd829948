package dev.tanren.plan.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.family.ConfigurationKeys;
import dev.tanren.plan.json.Json;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The ids of special tokens in a `config.json`, by their keys and as the file has them: a number,
/// a list of numbers or null. To transformers an absent key means the family's own id, and null
/// none, so neither is made the other.
///
/// @param byKey keys that end in `_token_id`, in the file's order
public record TokenIds(Map<String, JsonNode> byKey) {

    public static final String BOS = "bos_token_id";
    public static final String EOS = "eos_token_id";
    public static final String PAD = "pad_token_id";

    /// None begins a text, none ends one.
    public static final TokenIds NONE = of(null, List.of());

    private static final String ENDING = "_token_id";

    public TokenIds {
        byKey = Collections.unmodifiableMap(new LinkedHashMap<>(byKey));
    }

    public static TokenIds of(@Nullable Integer beginning, List<Integer> ends) {
        Map<String, JsonNode> ids = new LinkedHashMap<>();
        ids.put(BOS, beginning == null ? NullNode.getInstance() : IntNode.valueOf(beginning));
        ids.put(EOS, list(ends));
        return new TokenIds(ids);
    }

    /// @throws dev.tanren.plan.error.TanrenException `MODEL_CONFIGURATION` naming a key with
    ///     anything else
    static TokenIds read(ConfigurationKeys keys) {
        Map<String, JsonNode> ids = new LinkedHashMap<>();
        keys.root()
                .properties()
                .forEach(
                        entry -> {
                            if (entry.getKey().endsWith(ENDING)) {
                                require(keys, entry.getKey(), entry.getValue());
                                ids.put(entry.getKey(), entry.getValue());
                            }
                        });
        return new TokenIds(ids);
    }

    /// The one id under a key; null where there is none, or several.
    public @Nullable Integer one(String key) {
        JsonNode value = byKey.get(key);
        return value != null && value.isInt() ? Integer.valueOf(value.intValue()) : null;
    }

    /// These, which end texts with others where they name none.
    public TokenIds endingWith(List<Integer> ends) {
        if (ends.isEmpty() || !byKey.getOrDefault(EOS, NullNode.getInstance()).isNull()) {
            return this;
        }
        Map<String, JsonNode> ids = new LinkedHashMap<>(byKey);
        ids.put(EOS, list(ends));
        return new TokenIds(ids);
    }

    /// Writes the keys into a file's object.
    public void writeTo(ObjectNode root) {
        root.setAll(byKey);
    }

    private static JsonNode list(List<Integer> ids) {
        if (ids.size() <= 1) {
            return ids.isEmpty() ? NullNode.getInstance() : IntNode.valueOf(ids.getFirst());
        }
        ArrayNode all = Json.mapper().createArrayNode();
        ids.forEach(all::add);
        return all;
    }

    private static void require(ConfigurationKeys keys, String key, JsonNode value) {
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isInt() && !value.isNull()) {
                throw keys.malformed(key, id.toString(), "a token id");
            }
        }
    }
}
