package dev.tanren.controlplane.security;

import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/// A token bucket for each key.
final class RateLimiter {

    private static final int MOST_KEYS = 10_000;

    private final double perSecond;
    private final double burst;
    private final LongSupplier nanoTime;
    private final ConcurrentHashMap<String, Bucket> buckets = new ConcurrentHashMap<>();

    RateLimiter(double perSecond, double burst, LongSupplier nanoTime) {
        this.perSecond = perSecond;
        this.burst = burst;
        this.nanoTime = nanoTime;
    }

    /// Takes one from the key's bucket, if one is left.
    boolean take(String key) {
        return change(key, 1) >= 0;
    }

    /// Whether one is left.
    boolean hasLeft(String key) {
        return change(key, 0) >= 1;
    }

    private double change(String key, int amount) {
        if (buckets.size() > MOST_KEYS) {
            dropFull();
        }
        long now = nanoTime.getAsLong();
        double[] left = new double[1];
        buckets.compute(
                key,
                (k, bucket) -> {
                    double filled = bucket == null ? burst : filled(bucket, now);
                    left[0] = filled - amount;
                    return new Bucket(Math.max(0, left[0] < 0 ? filled : left[0]), now);
                });
        return left[0];
    }

    private double filled(Bucket bucket, long now) {
        return Math.min(burst, bucket.level + (now - bucket.at) * 1e-9 * perSecond);
    }

    /// A full bucket is the same as none.
    private void dropFull() {
        long now = nanoTime.getAsLong();
        buckets.values().removeIf(bucket -> filled(bucket, now) >= burst);
    }

    private record Bucket(double level, long at) {}
}
