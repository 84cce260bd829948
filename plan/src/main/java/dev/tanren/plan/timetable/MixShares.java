package dev.tanren.plan.timetable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// How many samples of a phase come from each member of its mix.
///
/// Shares are exact over the phase, by largest remainder: each member gets its share of the samples
/// rounded down, and the samples that are left go one each to those that lost most by that. A share
/// of 0 gets none; one that is too small may get none. Members that are equal in this are taken by
/// name, so the order in which a plan writes them decides nothing.
final class MixShares {

    private record Part(String name, BigInteger samples, BigInteger remainder) {}

    private MixShares() {}

    /// @param mix shares, at least one above 0
    /// @param samples of the phase
    /// @return samples of each member, by name; they add up to `samples`
    static SortedMap<String, Long> of(Map<String, Double> mix, long samples) {
        int scale = mix.values().stream().mapToInt(share -> decimal(share).scale()).max().orElse(0);
        BigInteger sum =
                mix.values().stream()
                        .map(share -> whole(share, scale))
                        .reduce(BigInteger.ZERO, BigInteger::add);
        if (sum.signum() <= 0) {
            throw new IllegalArgumentException("a mix without a share above 0: " + mix);
        }
        List<Part> parts = new ArrayList<>();
        long missing = samples;
        for (Map.Entry<String, Double> member : new TreeMap<>(mix).entrySet()) {
            BigInteger[] exact =
                    whole(member.getValue(), scale)
                            .multiply(BigInteger.valueOf(samples))
                            .divideAndRemainder(sum);
            parts.add(new Part(member.getKey(), exact[0], exact[1]));
            missing -= exact[0].longValueExact();
        }
        parts.sort(Comparator.comparing(Part::remainder).reversed());
        SortedMap<String, Long> shares = new TreeMap<>();
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            shares.put(part.name(), part.samples().longValueExact() + (i < missing ? 1 : 0));
        }
        return shares;
    }

    /// As it is written, not as it is stored: 0.1 is a tenth.
    private static BigDecimal decimal(double share) {
        return BigDecimal.valueOf(share);
    }

    private static BigInteger whole(double share, int scale) {
        return decimal(share).setScale(scale).unscaledValue();
    }
}
