package dev.tanren.controlplane.plan;

/// Media types of plans.
public final class PlanTexts {

    public static final String YAML = "application/yaml";

    /// What clients sent before RFC 9512.
    public static final String YAML_OLD = "application/x-yaml";

    private PlanTexts() {}
}
