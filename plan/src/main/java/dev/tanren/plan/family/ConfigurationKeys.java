package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.List;

/// The keys of a `config.json` (or of a mapping in it), by type. What is wrong is an error that
/// names the key.
///
/// @param prefix of the keys' names in errors, such as `rope_parameters.`
/// @param where the file's name or address
public record ConfigurationKeys(JsonNode root, String prefix, String where) {

    /// The mapping under `key`; one without keys where there is none.
    public ConfigurationKeys section(String key) {
        JsonNode value = root.path(key);
        if (!value.isObject() && !absent(key)) {
            throw malformed(key, value.toString(), "a mapping");
        }
        return new ConfigurationKeys(value, key + ".", where);
    }

    /// Whether the key is not there, or null.
    public boolean absent(String key) {
        JsonNode value = root.path(key);
        return value.isMissingNode() || value.isNull();
    }

    /// A size or count, which must be there.
    public int shape(String key) {
        JsonNode value = root.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw malformed(key, describe(value), "a whole number above 0");
        }
        return value.intValue();
    }

    public int shape(String key, int otherwise) {
        return absent(key) ? otherwise : shape(key);
    }

    /// A number of layers or the like, of which there may be none.
    public int count(String key, int otherwise) {
        JsonNode value = root.path(key);
        if (absent(key)) {
            return otherwise;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw malformed(key, describe(value), "a whole number from 0");
        }
        return value.intValue();
    }

    public boolean truth(String key, boolean otherwise) {
        JsonNode value = root.path(key);
        if (absent(key)) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw malformed(key, describe(value), "true or false");
        }
        return value.booleanValue();
    }

    public double number(String key, double otherwise) {
        return absent(key) ? otherwise : number(key);
    }

    public double number(String key) {
        JsonNode value = root.path(key);
        if (!value.isNumber() || !(value.doubleValue() > 0)) {
            throw malformed(key, describe(value), "a number above 0");
        }
        return value.doubleValue();
    }

    public double numberFromZero(String key, double otherwise) {
        JsonNode value = root.path(key);
        if (absent(key)) {
            return otherwise;
        }
        if (!value.isNumber() || !(value.doubleValue() >= 0)) {
            throw malformed(key, describe(value), "a number from 0");
        }
        return value.doubleValue();
    }

    public String text(String key, String otherwise) {
        return root.path(key).asText(otherwise);
    }

    /// Refuses every key of the list whose value is not the one that leaves the mathematics alone.
    public void requireNeutral(List<Neutral> neutrals) {
        for (Neutral neutral : neutrals) {
            JsonNode value = root.path(neutral.key());
            if (!neutral.holds(value)) {
                throw unsupported(neutral.key(), value.toString(), neutral.value());
            }
        }
    }

    private static String describe(JsonNode value) {
        return value instanceof MissingNode ? "nothing" : value.toString();
    }

    public TanrenException malformed(String key, String found, String expected) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                prefix + key + " is " + found + ", expected " + expected + ".",
                where,
                "Mend config.json, or fetch it again from where the model came from.");
    }

    public TanrenException unsupported(String key, String found, String works) {
        return new TanrenException(
                ErrorCode.MODEL_UNSUPPORTED,
                prefix
                        + key
                        + " is "
                        + found
                        + ", which Tanren does not implement; "
                        + works
                        + " works.",
                where,
                "Choose a model without this setting.");
    }

    /// A key that would change the mathematics, with the one value that leaves it as it is here.
    ///
    /// @param value the accepted value as text; the key's absence and null are accepted as well
    public record Neutral(String key, String value) {
        boolean holds(JsonNode found) {
            if (found.isMissingNode() || found.isNull()) {
                return true;
            }
            if (found.isTextual()) {
                return same(found.asText()).equals(same(value));
            }
            return found.isNumber()
                    ? isNumber(value) && found.doubleValue() == Double.parseDouble(value)
                    : found.toString().equals(value);
        }

        /// transformers gives some activations two names.
        private static String same(String name) {
            return switch (name) {
                case "swish" -> "silu";
                case "gelu_pytorch_tanh" -> "gelu_new";
                default -> name;
            };
        }

        private static boolean isNumber(String text) {
            return !text.isEmpty() && Character.isDigit(text.charAt(0));
        }
    }
}
