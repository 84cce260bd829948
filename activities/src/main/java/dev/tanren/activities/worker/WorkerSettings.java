package dev.tanren.activities.worker;

import com.sun.management.OperatingSystemMXBean;
import dev.tanren.launch.RankDevice;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.units.ByteSize;
import dev.tanren.workflows.temporal.TemporalSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a worker is told by its environment, beside the addresses of database and store.
///
/// @param temporal of `TANREN_TEMPORAL_ADDRESS` and what goes with it
/// @param scratch `TANREN_WORKER_SCRATCH`
/// @param cache `TANREN_WORKER_CACHE`
/// @param cacheBytes `TANREN_WORKER_CACHE_SIZE`: most that the cache may take, such as `50GiB`;
///     unless set, a quarter of the disk that it is on
/// @param java `TANREN_JAVA`, else the executable of this process
/// @param trainerClasspath `TANREN_TRAINER_CLASSPATH`
/// @param inferenceClasspath `TANREN_INFERENCE_CLASSPATH`
/// @param natives `TANREN_NATIVES`
/// @param fileRoots `TANREN_FILE_ROOTS`; null means that no `file:` URI may be read
/// @param gangs `TANREN_WORKER_GANGS`: gangs at a time; unless set 2, on GPUs 1
/// @param memoryBytes `TANREN_WORKER_MEMORY`: what all processes that the worker launches may have
///     together, such as `12GiB`; unless set, the control group's limit or the machine's memory,
///     less what the worker itself takes
/// @param device `TANREN_WORKER_DEVICE`: `cpu` or `cuda`, the CPU unless set
/// @param grace `TANREN_WORKER_GRACE_SECONDS`: from SIGTERM to the end, 15 unless set
/// @param deployment `TANREN_DEPLOYMENT_NAME`; null runs without worker versioning
/// @param buildId `TANREN_BUILD_ID`; needed with a deployment
public record WorkerSettings(
        TemporalSettings temporal,
        Path scratch,
        Path cache,
        long cacheBytes,
        Path java,
        String trainerClasspath,
        String inferenceClasspath,
        Path natives,
        @Nullable String fileRoots,
        int gangs,
        long memoryBytes,
        RankDevice device,
        Duration grace,
        @Nullable String deployment,
        @Nullable String buildId) {

    private static final String DEFAULT_GANGS = "2";
    private static final String DEFAULT_GRACE = "15";
    private static final long MOST_OF_ITSELF = 1L << 30;
    private static final long BESIDE_THE_HEAP = 256L << 20;
    private static final String MEMORY_VARIABLE = "TANREN_WORKER_MEMORY";
    private static final String CACHE_SIZE_VARIABLE = "TANREN_WORKER_CACHE_SIZE";
    private static final int SHARE_OF_DISK = 4;

    /// @throws TanrenException `USAGE` naming the variable that is missing or wrong
    public static WorkerSettings from(Map<String, String> environment) {
        String deployment = environment.get("TANREN_DEPLOYMENT_NAME");
        RankDevice device = RankDevice.from(environment);
        return new WorkerSettings(
                TemporalSettings.from(environment),
                Path.of(required(environment, "TANREN_WORKER_SCRATCH")),
                Path.of(required(environment, "TANREN_WORKER_CACHE")),
                cacheBytes(environment),
                Path.of(environment.getOrDefault("TANREN_JAVA", ownJava())),
                required(environment, "TANREN_TRAINER_CLASSPATH"),
                required(environment, "TANREN_INFERENCE_CLASSPATH"),
                Path.of(required(environment, "TANREN_NATIVES")),
                environment.get("TANREN_FILE_ROOTS"),
                positive(environment, "TANREN_WORKER_GANGS", usualGangs(device)),
                memory(environment),
                device,
                Duration.ofSeconds(
                        positive(environment, "TANREN_WORKER_GRACE_SECONDS", DEFAULT_GRACE)),
                deployment,
                deployment == null
                        ? environment.get("TANREN_BUILD_ID")
                        : required(environment, "TANREN_BUILD_ID"));
    }

    /// Each gang begins with the machine's first GPU.
    private static String usualGangs(RankDevice device) {
        return switch (device) {
            case CPU -> DEFAULT_GANGS;
            case CUDA -> "1";
        };
    }

    private static String required(Map<String, String> environment, String name) {
        String value = environment.get(name);
        if (value == null || value.isBlank()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the environment variable is not set",
                    name,
                    "set it; docs/guide.md lists what a worker needs");
        }
        return value;
    }

    private static int positive(Map<String, String> environment, String name, String standard) {
        String value = environment.getOrDefault(name, standard);
        try {
            int number = Integer.parseInt(value);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below, as a number that is not positive is.
        }
        throw new TanrenException(
                ErrorCode.USAGE,
                "a whole number above zero is expected, not `" + value + "`",
                name,
                "correct or unset the variable");
    }

    private static long memory(Map<String, String> environment) {
        return size(environment, MEMORY_VARIABLE, "memory")
                .orElseGet(() -> besideThisProcess(machineMemory()));
    }

    private static long cacheBytes(Map<String, String> environment) {
        return size(environment, CACHE_SIZE_VARIABLE, "the cache")
                .orElseGet(
                        () -> shareOfDisk(Path.of(required(environment, "TANREN_WORKER_CACHE"))));
    }

    private static long shareOfDisk(Path folder) {
        Path there = folder.toAbsolutePath();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        try {
            return Files.getFileStore(there).getTotalSpace() / SHARE_OF_DISK;
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the folder cannot be used: " + e,
                    "TANREN_WORKER_CACHE",
                    "name a folder that the worker may write",
                    e);
        }
    }

    private static Optional<Long> size(
            Map<String, String> environment, String variable, String what) {
        String value = environment.getOrDefault(variable, "");
        if (value.isBlank()) {
            return Optional.empty();
        }
        try {
            long bytes = ByteSize.parse(value).bytes();
            if (bytes > 0) {
                return Optional.of(bytes);
            }
        } catch (IllegalArgumentException e) {
            // Reported below, as a size of nothing is.
        }
        throw new TanrenException(
                ErrorCode.USAGE,
                "a size of " + what + " is expected, such as 12GiB, not `" + value + "`",
                variable,
                "correct or unset the variable");
    }

    /// The JVM looks at the control group as well as at the machine.
    private static long machineMemory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    /// A worker that is told nothing has the machine for itself and for what it launches.
    static long besideThisProcess(long machineBytes) {
        long own = Math.min(Runtime.getRuntime().maxMemory(), MOST_OF_ITSELF) + BESIDE_THE_HEAP;
        return Math.max(machineBytes - own, machineBytes / 2);
    }

    private static String ownJava() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }
}
