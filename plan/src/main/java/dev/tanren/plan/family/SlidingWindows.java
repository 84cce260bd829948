package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import org.jspecify.annotations.Nullable;

/// The window through which every layer attends, in `config.json`.
final class SlidingWindows {

    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    private SlidingWindows() {}

    static @Nullable Integer none(ConfigurationKeys keys) {
        requireLayers(keys, FULL);
        return null;
    }

    /// @param usual where the file says nothing
    static @Nullable Integer everywhere(ConfigurationKeys keys, @Nullable Integer usual) {
        Integer window = window(keys, usual);
        requireLayers(keys, window == null ? FULL : SLIDING);
        return window;
    }

    private static @Nullable Integer window(ConfigurationKeys keys, @Nullable Integer usual) {
        if (keys.absent("sliding_window")) {
            return keys.root().has("sliding_window") ? null : usual;
        }
        return keys.shape("sliding_window");
    }

    /// Qwen's windows are for the layers from `max_window_layers` on, and off in what is published;
    /// `layer_types` goes before both. A window of every layer is one, of some it is not.
    static @Nullable Integer ofQwen(ConfigurationKeys keys, int layers) {
        Integer window = keys.truth("use_sliding_window", false) ? window(keys, 4096) : null;
        if (!keys.absent("layer_types")) {
            boolean slides =
                    window != null
                            && keys.root().path("layer_types").path(0).asText().equals(SLIDING);
            requireLayers(keys, slides ? SLIDING : FULL);
            return slides ? window : null;
        }
        int full = window == null ? layers : keys.count("max_window_layers", 28);
        if (full > 0 && full < layers) {
            throw keys.unsupported(
                    "use_sliding_window",
                    "true for the layers from max_window_layers " + full + " on",
                    "false, or a max_window_layers of 0 or of all " + layers + " layers,");
        }
        return full == 0 ? window : null;
    }

    /// Layers that differ in what they attend to would need one window each.
    private static void requireLayers(ConfigurationKeys keys, String kind) {
        for (JsonNode layer : keys.root().path("layer_types")) {
            if (!layer.asText().equals(kind)) {
                throw keys.unsupported("layer_types", layer.toString(), kind + " in every layer");
            }
        }
    }

    static void writeOfQwen(Architecture architecture, ObjectNode root) {
        Integer window = architecture.slidingWindow();
        root.put("use_sliding_window", window != null);
        root.put("sliding_window", window);
        root.put("max_window_layers", window == null ? architecture.layers() : 0);
        ArrayNode layers = root.putArray("layer_types");
        for (int layer = 0; layer < architecture.layers(); layer++) {
            layers.add(window == null ? FULL : SLIDING);
        }
    }
}
