package dev.tanren.plan.units;

import java.util.Map;

/// A number of bytes as people write it: `512MiB`, `64Ki`, `1.5GB`, `4096`.
///
/// `kB`, `MB`, `GB` and `TB` are powers of 1000; `KiB`, `MiB`, `GiB` and `TiB`, also without the
/// `B`, are powers of 1024.
///
/// @param bytes not negative
public record ByteSize(long bytes) {

    private static final Map<String, Long> UNITS =
            Map.ofEntries(
                    Map.entry("", 1L),
                    Map.entry("B", 1L),
                    Map.entry("kB", 1_000L),
                    Map.entry("MB", 1_000_000L),
                    Map.entry("GB", 1_000_000_000L),
                    Map.entry("TB", 1_000_000_000_000L),
                    Map.entry("Ki", 1L << 10),
                    Map.entry("Mi", 1L << 20),
                    Map.entry("Gi", 1L << 30),
                    Map.entry("Ti", 1L << 40),
                    Map.entry("KiB", 1L << 10),
                    Map.entry("MiB", 1L << 20),
                    Map.entry("GiB", 1L << 30),
                    Map.entry("TiB", 1L << 40));

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size is not negative: " + bytes);
        }
    }

    /// @throws IllegalArgumentException when the text is no such size, or no whole number of bytes
    public static ByteSize parse(String text) {
        return new ByteSize(
                Quantity.parse(text).inWhole(UNITS, "a size such as 512MiB, 1.5GB or 4096"));
    }

    /// Rounded to three digits for reading, such as `755 MiB`; not exact.
    @Override
    public String toString() {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        String format = unit == 0 || value >= 100 ? "%.0f %s" : value >= 10 ? "%.1f %s" : "%.2f %s";
        return format.formatted(value, units[unit]);
    }
}
