package dev.tanren.storage.checkpoint;

import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where a checkpoint's objects lie.
///
/// `runs/<run>/<stage>/checkpoints/<step, 10 digits>/` holds `manifest.json`, and the manifest and
/// shards of each attempt, whose names hold its fencing token: two attempts at one step never write
/// the same object, `manifest.json` aside.
public final class CheckpointLayout {

    /// Twelve digits, and more where there are that many tokens; never more than a `long` holds.
    private static final Pattern TOKEN =
            Pattern.compile("(?:shard|manifest)-(\\d{12}|[1-9]\\d{12,17})[-.].*");
    private static final Pattern STEP = Pattern.compile(".*/checkpoints/(\\d{10})/[^/]+");

    private CheckpointLayout() {}

    /// What all objects of a stage's checkpoints begin with.
    public static String stagePrefix(String runId, String stageId) {
        return "runs/" + runId + "/" + stageId + "/checkpoints/";
    }

    public static String stepPrefix(String runId, String stageId, long step) {
        return stagePrefix(runId, stageId) + String.format(Locale.ROOT, "%010d/", step);
    }

    /// The copy of the committed manifest at the name that people know. What a row names is
    /// [#committedKey].
    public static String manifestKey(String runId, String stageId, long step) {
        return stepPrefix(runId, stageId, step) + "manifest.json";
    }

    /// Where an attempt's manifest lies. No other attempt writes there, and nothing is overwritten.
    public static String committedKey(CheckpointManifest manifest) {
        return stepPrefix(manifest.runId(), manifest.stageId(), manifest.step())
                + String.format(Locale.ROOT, "manifest-%012d.json", manifest.fencingToken());
    }

    /// @param name tells the attempt's shards of one step apart, such as the rank
    public static String shardKey(
            String runId, String stageId, long step, long fencingToken, String name) {
        return stepPrefix(runId, stageId, step)
                + String.format(Locale.ROOT, "shard-%012d-%s.safetensors", fencingToken, name);
    }

    /// The fencing token in an object's name; empty for `manifest.json` and for what is not ours.
    static OptionalLong token(String key) {
        Matcher name = TOKEN.matcher(key.substring(key.lastIndexOf('/') + 1));
        return name.matches()
                ? OptionalLong.of(Long.parseLong(name.group(1)))
                : OptionalLong.empty();
    }

    static OptionalLong step(String key) {
        Matcher name = STEP.matcher(key);
        return name.matches()
                ? OptionalLong.of(Long.parseLong(name.group(1)))
                : OptionalLong.empty();
    }

    static boolean isManifest(String key) {
        String name = key.substring(key.lastIndexOf('/') + 1);
        return name.startsWith("manifest") && name.endsWith(".json");
    }
}
