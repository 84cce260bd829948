package dev.tanren.launch;

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

    /// Leaves properties alone that the command line set.
    ///
    /// @param environment of the process
    public static void apply(Map<String, String> environment) {
        setIfAbsent("ai.djl.offline", "true");
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("RUST_FLAVOR", "cpu");
        String natives = environment.get(NATIVES_VARIABLE);
        if (natives != null && !natives.isBlank()) {
            setIfAbsent("DJL_CACHE_DIR", natives);
            setIfAbsent("ENGINE_CACHE_DIR", natives);
        }
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
