package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What programs measured in turn, round by round, and how they compare.
///
/// The machine's speed drifts, so ratios are taken inside a round, and their spread is reported.
final class BenchRounds {

    static final String OURS = "tanren";

    private final Map<String, List<JsonNode>> results = new LinkedHashMap<>();

    void add(String program, JsonNode figures) {
        results.computeIfAbsent(program, name -> new ArrayList<>()).add(figures);
    }

    /// Our medians, and for each peer its medians and the ratios of ours to them.
    ObjectNode summary() {
        List<JsonNode> ours = results.getOrDefault(OURS, List.of());
        ObjectNode summary = ours.getFirst().deepCopy();
        medians(ours, summary);
        summary.put("rounds", ours.size());
        ObjectNode peers = summary.putObject("peers");
        results.forEach(
                (program, figures) -> {
                    if (!program.equals(OURS)) {
                        peers.set(program, compared(ours, figures));
                    }
                });
        return summary;
    }

    private static ObjectNode compared(List<JsonNode> ours, List<JsonNode> theirs) {
        ObjectNode peer = Json.mapper().createObjectNode();
        medians(theirs, peer);
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < theirs.size(); round++) {
            ratios.add(
                    figure(ours.get(round), "tokensPerSecond")
                            / figure(theirs.get(round), "tokensPerSecond"));
        }
        peer.put("ratio", Median.of(ratios.stream().mapToDouble(ratio -> ratio).toArray()));
        ArrayNode all = peer.putArray("ratios");
        ratios.forEach(all::add);
        peer.put("memoryRatio", median(ours, "peakRssMiB") / median(theirs, "peakRssMiB"));
        return peer;
    }

    private static void medians(List<JsonNode> from, ObjectNode to) {
        for (String name :
                List.of(
                        "tokensPerSecond",
                        "peakRssMiB",
                        "secondsToFirstStep",
                        "gflops",
                        "gemmGflops",
                        "processorMs")) {
            to.put(name, median(from, name));
        }
    }

    private static double median(List<JsonNode> results, String name) {
        return Median.of(results.stream().mapToDouble(result -> figure(result, name)).toArray());
    }

    private static double figure(JsonNode result, String name) {
        return result.path(name).asDouble();
    }
}
