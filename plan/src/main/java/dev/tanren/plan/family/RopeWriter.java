package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.RopeScaling;

/// Writes rotary embeddings in the forms of transformers 4 and 5 beside each other.
final class RopeWriter {

    private RopeWriter() {}

    static void write(Architecture architecture, ObjectNode root) {
        root.put("rope_theta", architecture.ropeTheta());
        rope(architecture, root.putObject("rope_parameters"))
                .put("rope_theta", architecture.ropeTheta());
        if (architecture.ropeScaling() != null) {
            rope(architecture, root.putObject("rope_scaling"));
        }
    }

    private static ObjectNode rope(Architecture architecture, ObjectNode rope) {
        switch (architecture.ropeScaling()) {
            case null -> rope.put("rope_type", "default");
            case RopeScaling.Linear linear -> {
                rope.put("rope_type", "linear");
                rope.put("factor", linear.factor());
            }
            case RopeScaling.Llama3 llama3 -> {
                rope.put("rope_type", "llama3");
                rope.put("factor", llama3.factor());
                rope.put("low_freq_factor", llama3.lowFreqFactor());
                rope.put("high_freq_factor", llama3.highFreqFactor());
                rope.put(
                        "original_max_position_embeddings", llama3.originalMaxPositionEmbeddings());
            }
        }
        return rope;
    }
}
