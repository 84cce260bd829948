package dev.tanren.launch;

import dev.tanren.storage.objects.StoreAddress;
import java.util.Map;

/// What the inference runtime's evaluation process is told: load a DJL bundle, measure it, generate
/// a sample.
///
/// It reports [Report.Evaluated] and then [Report.Finished], whose results hold `prompt` (the start
/// of a held-out document) and `sample` (the text generated after it), both empty where the model
/// has no tokenizer.
///
/// @param bundlePrefix key prefix of the DJL bundle, ending in `/`
/// @param datasets key of the dataset manifest, by the dataset's name
/// @param blocks how many held-out blocks of each dataset are measured at most
/// @param sequenceLength tokens of a block
/// @param promptTokens how many tokens of the document the sample goes on from, at most
/// @param sampleTokens how many tokens are generated
public record EvaluateLaunch(
        String runId,
        String stageId,
        String reportSocket,
        String scratch,
        String cache,
        StoreAddress store,
        String bundlePrefix,
        Map<String, String> datasets,
        int blocks,
        int sequenceLength,
        int promptTokens,
        int sampleTokens,
        int threads) {}
