package dev.tanren.storage.objects;

import dev.tanren.plan.json.Json;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What keys of the object store open where they are made for a stage of a run: the stage's own
/// objects, to read and to write; the run's others, and what it trains on, to read.
///
/// Nobody keeps such keys: the access key says what it opens, and the secret key is
/// HMAC-SHA256 of the access key under the store's own secret key. Who has the pair can make no
/// other of it. The keys hold as long as the store's own.
///
/// @param bucket the only one
/// @param owned prefix of keys to read and write, ending in `/`
/// @param readable prefixes of keys to read, each ending in `/`
public record StoreScope(String bucket, String owned, List<String> readable) {

    /// What access keys of a scope begin with, as a store's own never does.
    private static final String MARK = "tnr-run-";

    /// So that the access key fits the head of a request, of which a server takes 8 KiB.
    private static final int MOST_PREFIXES = 32;

    private static final String ALGORITHM = "HmacSHA256";

    public StoreScope {
        readable = List.copyOf(readable);
        if (bucket.isBlank() || !owned.endsWith("/")) {
            throw new IllegalArgumentException("no scope: " + bucket + ", " + owned);
        }
        for (String prefix : readable) {
            if (!prefix.endsWith("/") || prefix.equals("/")) {
                throw new IllegalArgumentException("no prefix of keys: " + prefix);
            }
        }
    }

    /// That of a stage in a store, whose prefix goes before every key. Beyond 32 readable prefixes,
    /// their first folders are open as a whole, such as `datasets/`.
    ///
    /// What trains can so not replace what an export has published and a gate has passed, nor the
    /// record of what the run is.
    ///
    /// @param stageId of the stage that owns what it writes
    /// @param readable prefixes beside the run's own, each ending in `/`
    public static StoreScope ofStage(
            StoreAddress store, String runId, String stageId, List<String> readable) {
        List<String> prefixes = readable;
        if (prefixes.size() > MOST_PREFIXES) {
            prefixes =
                    prefixes.stream()
                            .map(prefix -> prefix.substring(0, prefix.indexOf('/') + 1))
                            .distinct()
                            .toList();
        }
        String run = "runs/" + runId + "/";
        return new StoreScope(
                store.bucket(),
                store.prefix() + run + stageId + "/",
                Stream.concat(Stream.of(run), prefixes.stream())
                        .map(prefix -> store.prefix() + prefix)
                        .distinct()
                        .toList());
    }

    /// The scope that an access key names.
    ///
    /// @return empty for one of no scope
    public static Optional<StoreScope> of(String accessKey) {
        if (!accessKey.startsWith(MARK)) {
            return Optional.empty();
        }
        try {
            byte[] json = Base64.getUrlDecoder().decode(accessKey.substring(MARK.length()));
            // It may say `null`: whoever asks chooses what it says.
            return Optional.ofNullable(
                    Json.read(new String(json, StandardCharsets.UTF_8), StoreScope.class));
        } catch (IllegalArgumentException none) {
            return Optional.empty();
        }
    }

    public String accessKey() {
        byte[] json = Json.write(this).getBytes(StandardCharsets.UTF_8);
        return MARK + Base64.getUrlEncoder().withoutPadding().encodeToString(json);
    }

    /// @param accessKey of a scope
    /// @param storeSecret the store's own secret key
    public static String secretKey(String accessKey, String storeSecret) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(storeSecret.getBytes(StandardCharsets.UTF_8), ALGORITHM));
            return HexFormat.of()
                    .formatHex(mac.doFinal(accessKey.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
        }
    }

    public boolean mayWrite(String bucketOfKey, String key) {
        return bucketOfKey.equals(bucket) && plain(key) && key.startsWith(owned);
    }

    public boolean mayRead(String bucketOfKey, String key) {
        List<String> open = new ArrayList<>(readable);
        open.add(owned);
        return bucketOfKey.equals(bucket) && plain(key) && open.stream().anyMatch(key::startsWith);
    }

    /// Whether all keys that begin with a prefix may be read.
    public boolean mayList(String bucketOfKeys, String prefix) {
        return mayRead(bucketOfKeys, prefix);
    }

    /// A store over folders would go up at such a name.
    private static boolean plain(String key) {
        return Arrays.stream(key.split("/", -1))
                .noneMatch(part -> part.equals("..") || part.equals("."));
    }
}
