package dev.tanren.controlplane.plan;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Media types of plans.
public final class PlanTexts {

    public static final String YAML = "application/yaml";

    /// What clients sent before RFC 9512.
    public static final String YAML_OLD = "application/x-yaml";

    private static final String JSON = "application/json";

    private PlanTexts() {}

    /// Under which type a plan is kept. What came as plain text is YAML, of which JSON is a part.
    public static String mediaType(@Nullable String contentType) {
        String type = contentType == null ? "" : contentType.toLowerCase(Locale.ROOT);
        return type.startsWith(JSON) ? JSON : YAML;
    }
}
