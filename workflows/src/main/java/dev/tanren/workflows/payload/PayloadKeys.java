package dev.tanren.workflows.payload;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// The keys that payloads are sealed with. The first one seals, every one opens.
public final class PayloadKeys {

    /// `ID:KEY`, several of them separated by commas; a key is 64 hexadecimal digits.
    public static final String VARIABLE = "TANREN_TEMPORAL_KEYS";

    private static final int BYTES = 32;
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private final Map<String, SecretKey> keys;
    private final String sealing;

    private PayloadKeys(Map<String, SecretKey> keys) {
        this.keys = keys;
        this.sealing = keys.keySet().iterator().next();
    }

    /// Reads [#VARIABLE]; there is no working without keys.
    ///
    /// @throws TanrenException `USAGE` where it is missing or wrong, without showing a key
    public static PayloadKeys from(Map<String, String> environment) {
        String written = environment.getOrDefault(VARIABLE, "");
        if (written.isBlank()) {
            throw wrong("the environment variable is not set");
        }
        return of(written);
    }

    /// @throws TanrenException `USAGE`
    public static PayloadKeys of(String written) {
        Map<String, SecretKey> keys = new LinkedHashMap<>();
        for (String entry : written.split(",", -1)) {
            int colon = entry.indexOf(':');
            String id = colon < 0 ? "" : entry.substring(0, colon).strip();
            if (!ID.matcher(id).matches()) {
                throw wrong("an entry has no id of letters, digits, dots, dashes or underscores");
            }
            if (keys.put(id, key(id, entry.substring(colon + 1).strip())) != null) {
                throw wrong("the id " + id + " stands there twice");
            }
        }
        return new PayloadKeys(keys);
    }

    private static SecretKey key(String id, String hex) {
        try {
            byte[] bytes = HexFormat.of().parseHex(hex);
            if (bytes.length == BYTES) {
                return new SecretKeySpec(bytes, "AES");
            }
        } catch (IllegalArgumentException noHexadecimal) {
            // Its message would show the key.
        }
        throw wrong("the key of " + id + " is not 64 hexadecimal digits");
    }

    /// A new key under an id, as [#VARIABLE] has it.
    public static String made(String id) {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return id + ":" + HexFormat.of().formatHex(bytes);
    }

    String sealingId() {
        return sealing;
    }

    @Nullable SecretKey find(String id) {
        return keys.get(id);
    }

    private static TanrenException wrong(String what) {
        return new TanrenException(
                ErrorCode.USAGE,
                what,
                VARIABLE,
                "set it to ID:KEY, the same for every worker and control plane of one Temporal; a"
                        + " key is what `openssl rand -hex 32` prints. Several are separated by"
                        + " commas: the first one seals, all of them open");
    }

    @Override
    public String toString() {
        return "PayloadKeys" + keys.keySet();
    }
}
