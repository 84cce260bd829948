package dev.tanren.launch;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Locale;
import java.util.Map;

/// What the ranks of a worker compute on.
public enum RankDevice {
    CPU,
    /// A CUDA device of its own for each rank; needs the Maven profile `gpu`.
    CUDA;

    /// The environment variable of a worker that names it; the CPU where it is not set.
    public static final String VARIABLE = "TANREN_WORKER_DEVICE";

    /// The system property of a process of the trainer that names it.
    public static final String PROPERTY = "tanren.device";

    /// @throws TanrenException `USAGE` for a device that is none
    public static RankDevice from(Map<String, String> environment) {
        return parse(environment.getOrDefault(VARIABLE, ""), VARIABLE);
    }

    /// The device of this process.
    public static RankDevice ofThisProcess() {
        return parse(System.getProperty(PROPERTY, ""), PROPERTY);
    }

    private static RankDevice parse(String text, String where) {
        if (text.isBlank()) {
            return CPU;
        }
        for (RankDevice device : values()) {
            if (device.label().equals(text)) {
                return device;
            }
        }
        throw new TanrenException(
                ErrorCode.USAGE,
                "`" + text + "` is no device that ranks compute on",
                where,
                "name cpu or cuda, or leave it unset for the CPU");
    }

    /// As the variable and the property have it.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
