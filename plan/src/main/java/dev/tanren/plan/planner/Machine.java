package dev.tanren.plan.planner;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/// The machine that `cpu` means as a device.
///
/// @param bf16Units whether its processor multiplies bf16 by instructions of its own
public record Machine(long memoryBytes, boolean bf16Units) {

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /// As Linux names them on x86 and on ARM.
    private static final Set<String> UNITS = Set.of("avx512_bf16", "amx_bf16", "bf16");

    /// This one. Where the system does not tell, there is no memory and there are no units.
    public static Machine here() {
        long memory =
                ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                        ? system.getTotalMemorySize()
                        : 0;
        try {
            return new Machine(memory, bf16Units(Files.readString(CPU_INFO)));
        } catch (IOException e) {
            return new Machine(memory, false);
        }
    }

    /// @param cpuInfo as `/proc/cpuinfo` has it
    static boolean bf16Units(String cpuInfo) {
        return cpuInfo.lines()
                .filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                .flatMap(line -> Stream.of(line.split("[\\s:]+")))
                .anyMatch(UNITS::contains);
    }
}
