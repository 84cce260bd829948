package dev.tanren.controlplane.id;

import java.security.SecureRandom;

/// Ids of runs: 26 characters of Crockford's base 32 in lower case, as a ULID: 48 bits of
/// milliseconds, then 80 random bits. They sort by the time they were made; those of one process
/// strictly so.
public final class SortableIds {

    private static final char[] DIGITS = "0123456789abcdefghjkmnpqrstvwxyz".toCharArray();
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TIME_DIGITS = 10;
    private static final int RANDOM_DIGITS = 16;

    private static long lastMillis;

    private SortableIds() {}

    public static String next() {
        long millis = risingMillis(System.currentTimeMillis());
        char[] id = new char[TIME_DIGITS + RANDOM_DIGITS];
        for (int i = TIME_DIGITS - 1; i >= 0; i--) {
            id[i] = DIGITS[(int) (millis & 31)];
            millis >>>= 5;
        }
        for (int i = TIME_DIGITS; i < id.length; i++) {
            id[i] = DIGITS[RANDOM.nextInt(DIGITS.length)];
        }
        return new String(id);
    }

    /// Two ids of one millisecond would have no order: the second takes the next one.
    private static synchronized long risingMillis(long now) {
        lastMillis = Math.max(lastMillis + 1, now);
        return lastMillis;
    }

    /// Whether the text has the form of an id.
    public static boolean isId(String text) {
        return text.matches("[0-9a-hjkmnp-tv-z]{26}");
    }
}
