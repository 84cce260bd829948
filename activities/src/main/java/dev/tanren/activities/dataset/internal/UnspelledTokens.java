package dev.tanren.activities.dataset.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;

/// A copy of a `tokenizer.json` in which no text spells a special token, as `encode_special_tokens`
/// of the `tokenizers` library has it, which DJL does not offer.
///
/// Each special token gets another name, wherever the file has it, and so keeps its id. The name is
/// drawn anew for each copy: no document can be written to spell it. Merges of the old name
/// go.
final class UnspelledTokens {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int NAME_BYTES = 32;

    /// By the old names.
    private final Map<String, String> names = new HashMap<>();

    private final JsonNode root;

    private UnspelledTokens(JsonNode root) {
        this.root = root;
    }

    static byte[] of(byte[] tokenizerJson) throws IOException {
        UnspelledTokens copy = new UnspelledTokens(Json.mapper().readTree(tokenizerJson));
        copy.rename();
        return copy.root.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void rename() {
        for (JsonNode added : root.path("added_tokens")) {
            if (added instanceof ObjectNode token && token.path("special").asBoolean()) {
                String name = unspellable();
                names.put(token.path("content").asText(), name);
                token.put("content", name);
            }
        }
        if (root.path("model") instanceof ObjectNode model) {
            if (model.path("vocab") instanceof ObjectNode vocabulary) {
                Set.copyOf(names.keySet()).forEach(name -> rename(vocabulary, name));
            }
            if (model.path("vocab") instanceof ArrayNode pieces) {
                pieces.forEach(this::renamePiece);
            }
            String unknown = names.get(model.path("unk_token").asText());
            if (unknown != null) {
                model.put("unk_token", unknown);
            }
            Iterator<JsonNode> merges = model.path("merges").iterator();
            while (merges.hasNext()) {
                if (spells(merges.next())) {
                    merges.remove();
                }
            }
        }
    }

    private void rename(ObjectNode vocabulary, String name) {
        JsonNode id = vocabulary.remove(name);
        if (id != null) {
            vocabulary.set(String.valueOf(names.get(name)), id);
        }
    }

    private void renamePiece(JsonNode piece) {
        String name = names.get(piece.path(0).asText());
        if (name != null && piece instanceof ArrayNode pair) {
            pair.set(0, TextNode.valueOf(name));
        }
    }

    /// Whether a merge, `["a", "b"]` or in older files `"a b"`, makes or takes a special token.
    private boolean spells(JsonNode merge) {
        String[] text = merge.asText().split(" ", 2);
        String left = merge.isArray() ? merge.path(0).asText() : text[0];
        String right = merge.isArray() ? merge.path(1).asText() : text[text.length - 1];
        return names.containsKey(left + right)
                || names.containsKey(left)
                || names.containsKey(right);
    }

    private static String unspellable() {
        byte[] name = new byte[NAME_BYTES];
        RANDOM.nextBytes(name);
        return "\uFDD0" + HexFormat.of().formatHex(name);
    }
}
