package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/// Numbers for people.
final class Figures {

    private static final double KIBI = 1024;

    private Figures() {}

    /// Empty where there is no number.
    static String decimals(JsonNode value, int places) {
        return value.isNumber()
                ? String.format(Locale.ROOT, "%." + places + "f", value.asDouble())
                : "";
    }

    static String bytes(long bytes) {
        double value = bytes;
        for (String unit : new String[] {"B", "KiB", "MiB", "GiB"}) {
            if (value < KIBI) {
                return String.format(
                        Locale.ROOT, unit.equals("B") ? "%.0f %s" : "%.1f %s", value, unit);
            }
            value /= KIBI;
        }
        return String.format(Locale.ROOT, "%.1f TiB", value);
    }

    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600
                ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }
}
