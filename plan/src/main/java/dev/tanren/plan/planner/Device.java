package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.units.ByteSize;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a rank runs on.
///
/// Memory is what the vendor prints, in powers of 1000. What a card has beyond that is left to its
/// driver and the libraries' own state.
///
/// @param memoryBytes of one device; of the whole machine for `cpu`, whose ranks share it
/// @param peakFlops dense bf16 multiply-adds count as two; null where it is not known
/// @param fp32Flops the same in fp32, which libtorch multiplies in fp32 and not as TF32 unless it
///     is told to; null where it is not known
/// @param linkBytesPerSecond between devices of one node, in one direction
/// @param shared whether all ranks of a stage share the memory
/// @param bf16Units whether it multiplies bf16 faster than fp32, as far as its kind tells
public record Device(
        String name,
        long memoryBytes,
        @Nullable Double peakFlops,
        @Nullable Double fp32Flops,
        double linkBytesPerSecond,
        boolean shared,
        boolean bf16Units) {

    /// `cpu`, in the options that take a device.
    public static final String CPU = "cpu";

    /// What is taken of the peak where nothing was measured.
    static final double USUAL_UTILISATION = 0.4;

    static final double PCIE_4 = 25e9;
    private static final double LOOPBACK = 2e9;

    private static final List<Device> KNOWN =
            List.of(
                    new Device("h100-sxm", 80_000_000_000L, 989e12, 67e12, 450e9, false, true),
                    new Device("h100-pcie", 80_000_000_000L, 756e12, 51e12, 63e9, false, true),
                    new Device("h200", 141_000_000_000L, 989e12, 67e12, 450e9, false, true),
                    new Device("a100-40", 40_000_000_000L, 312e12, 19.5e12, 300e9, false, true),
                    new Device("a100-80", 80_000_000_000L, 312e12, 19.5e12, 300e9, false, true));

    /// The devices that have a name.
    public static List<Device> known() {
        return KNOWN;
    }

    /// @param text a name of [#known()], a size of memory such as `16GB` or `16GiB`, or `cpu`
    /// @param machine that `cpu` means
    /// @throws TanrenException `USAGE` for any other text
    public static Device parse(String text, Machine machine) {
        if (text.equals(CPU)) {
            return new Device(
                    CPU, machine.memoryBytes(), null, null, LOOPBACK, true, machine.bf16Units());
        }
        for (Device device : known()) {
            if (device.name.equals(text)) {
                return device;
            }
        }
        try {
            long bytes = ByteSize.parse(text).bytes();
            if (bytes > 0) {
                return new Device(text, bytes, null, null, PCIE_4, false, true);
            }
        } catch (IllegalArgumentException e) {
            throw unknown(text);
        }
        throw unknown(text);
    }

    /// In the precision of a stage's matrix products.
    @Nullable Double peakFlops(Precision precision) {
        return switch (precision) {
            case FP32 -> fp32Flops;
            case BF16 -> peakFlops;
        };
    }

    /// What is to be said of all figures about it; null where they rest on measurements.
    public @Nullable String prediction() {
        return shared ? null : "predicted, not measured on a GPU";
    }

    /// The device that a driver calls so, such as `NVIDIA H100 80GB HBM3`.
    ///
    /// @return empty for `cpu`, and for what no peak is known of: a name that is like a known one
    ///     is not the same card
    public static Optional<Device> ofDriver(String driverName) {
        String known =
                switch (driverName) {
                    case "NVIDIA H100 80GB HBM3" -> "h100-sxm";
                    case "NVIDIA H100 PCIe" -> "h100-pcie";
                    case "NVIDIA H200" -> "h200";
                    case "NVIDIA A100-SXM4-40GB", "NVIDIA A100-PCIE-40GB" -> "a100-40";
                    case "NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB PCIe" -> "a100-80";
                    default -> "";
                };
        return KNOWN.stream().filter(device -> device.name.equals(known)).findFirst();
    }

    private static TanrenException unknown(String text) {
        String names =
                Stream.concat(known().stream().map(Device::name), Stream.of(CPU))
                        .collect(Collectors.joining(", "));
        return new TanrenException(
                ErrorCode.USAGE,
                "`" + text + "` is no device",
                "device",
                "Name one of " + names + ", or a size of memory such as 16GB or 16GiB.");
    }
}
