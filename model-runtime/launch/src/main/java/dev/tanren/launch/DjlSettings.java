package dev.tanren.launch;

import java.nio.file.Path;
import java.util.Map;

/// How DJL, whose tokenizers and engine serve several processes, behaves in ours: it downloads
/// nothing, reports nothing to anybody, and unpacks its native libraries below `TANREN_NATIVES`.
public final class DjlSettings {

    /// Folder for unpacked native libraries; where it is not set DJL uses its own default.
    public static final String NATIVES_VARIABLE = "TANREN_NATIVES";

    private DjlSettings() {}

    /// Sets DJL's system properties. Must be called before the first use of a DJL class; calling it
    /// again is harmless.
    public static void apply() {
        apply(System.getenv());
    }

    /// @param environment of the process
    public static void apply(Map<String, String> environment) {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        String natives = environment.get(NATIVES_VARIABLE);
        if (natives != null && !natives.isBlank()) {
            String folder = Path.of(natives, "djl").toString();
            System.setProperty("DJL_CACHE_DIR", folder);
            System.setProperty("ENGINE_CACHE_DIR", folder);
        }
    }
}
