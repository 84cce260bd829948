package dev.tanren.controlplane.situation;

import java.util.Arrays;
import java.util.Optional;

/// A part of the platform that runs lean on, and what becomes of them while it does not answer.
public enum PlatformPart {
    DATABASE(
            "database",
            "ranks train on meanwhile, and what they report is written when it is back"),
    STORE("object store", "ranks train on meanwhile to their next save, and wait there"),
    TEMPORAL(
            "temporal",
            "ranks train on meanwhile until their worker's lease ends, then save, end, and go on"
                    + " when it is back");

    private final String check;
    private final String meanwhile;

    PlatformPart(String check, String meanwhile) {
        this.check = check;
        this.meanwhile = meanwhile;
    }

    /// @param check name of its readiness check
    static Optional<PlatformPart> of(String check) {
        return Arrays.stream(values()).filter(part -> part.check.equals(check)).findFirst();
    }

    /// Name of its readiness check, by which [PlatformHealth] knows it.
    public String check() {
        return check;
    }

    /// What becomes of runs, in words that follow others.
    public String meanwhile() {
        return meanwhile;
    }

    /// As it is called in a sentence.
    String named() {
        return switch (this) {
            case DATABASE, STORE -> "the " + check;
            case TEMPORAL -> "Temporal";
        };
    }
}
