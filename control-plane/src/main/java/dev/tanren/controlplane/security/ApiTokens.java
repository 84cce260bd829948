package dev.tanren.controlplane.security;

import dev.tanren.storage.objects.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/// The form of API tokens: `tnr_`, 128 random bits and a checksum, in hexadecimal.
///
/// The checksum lets scanners tell a leaked token from other text, and turns typing errors away
/// before the database is asked. A token that an operator chose (`TANREN_ADMIN_TOKEN`) has none.
public final class ApiTokens {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int RANDOM_BYTES = 16;
    private static final int RANDOM_DIGITS = 2 * RANDOM_BYTES;
    private static final Pattern ISSUED = Pattern.compile("tnr_[0-9a-f]{40}");
    private static final Pattern ACCEPTABLE = Pattern.compile("[\\x21-\\x7e]{20,200}");

    private ApiTokens() {}

    /// A new secret.
    public static String generate() {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        String digits = HexFormat.of().formatHex(bytes);
        return "tnr_" + digits + checksum(digits);
    }

    /// Whether the text can be a token at all: right checksum where it looks like an issued one.
    public static boolean plausible(String text) {
        if (!ACCEPTABLE.matcher(text).matches()) {
            return false;
        }
        if (!ISSUED.matcher(text).matches()) {
            return true;
        }
        String digits = text.substring(4, 4 + RANDOM_DIGITS);
        return checksum(digits).equals(text.substring(4 + RANDOM_DIGITS));
    }

    private static String checksum(String digits) {
        CRC32 crc = new CRC32();
        crc.update(digits.getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    /// SHA-256 in hexadecimal, which is all that is kept. 128 random bits need no slow hash.
    public static String hash(String text) {
        return Sha256.of(text);
    }

    /// Compares in a time that does not depend on the content.
    public static boolean same(String first, String second) {
        return MessageDigest.isEqual(
                first.getBytes(StandardCharsets.UTF_8), second.getBytes(StandardCharsets.UTF_8));
    }
}
