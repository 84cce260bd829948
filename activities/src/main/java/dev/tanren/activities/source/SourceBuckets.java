package dev.tanren.activities.source;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/// The buckets that plans may read by `s3:` URIs: the platform's own, and those that
/// `TANREN_S3_ALLOWED_BUCKETS` names. All others are refused.
///
/// They are reached at the platform's store with the worker's keys, so that a plan can read what
/// its author may not: hence the list. Safe for use by many threads.
public final class SourceBuckets implements AutoCloseable {

    public static final String VARIABLE = "TANREN_S3_ALLOWED_BUCKETS";

    /// S3's own rule, and that of older buckets with upper case and underscores.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{1,62}");

    private final SortedSet<String> allowed;
    private final Function<String, ObjectStore> connect;
    private final Map<String, ObjectStore> stores = new ConcurrentHashMap<>();

    /// @param connect makes the store of a whole bucket; closed with this
    public SourceBuckets(Collection<String> allowed, Function<String, ObjectStore> connect) {
        this.allowed = new TreeSet<>(allowed);
        this.connect = connect;
    }

    /// @throws TanrenException `USAGE` where the variable names no bucket; `STORE_REFUSED` where
    ///     the environment names no store
    public static SourceBuckets from(Map<String, String> environment) {
        StoreAddress own = StoreAddress.from(environment);
        SortedSet<String> allowed = new TreeSet<>(parse(environment.getOrDefault(VARIABLE, "")));
        allowed.add(own.bucket());
        return new SourceBuckets(
                allowed,
                bucket ->
                        S3ObjectStore.connect(
                                new StoreAddress(
                                        own.endpoint(), own.region(), bucket, "", own.pathStyle()),
                                environment.getOrDefault(StoreAddress.ACCESS_KEY_VARIABLE, ""),
                                environment.getOrDefault(StoreAddress.SECRET_KEY_VARIABLE, "")));
    }

    private static List<String> parse(String variable) {
        List<String> names =
                Arrays.stream(variable.split(",", -1))
                        .map(String::strip)
                        .filter(name -> !name.isEmpty())
                        .toList();
        for (String name : names) {
            if (!NAME.matcher(name).matches()) {
                throw new TanrenException(
                        ErrorCode.USAGE,
                        "`" + name + "` is no bucket's name",
                        VARIABLE,
                        "Name buckets, separated by commas, without s3:// and prefixes.");
            }
        }
        return names;
    }

    /// The store of a whole bucket.
    ///
    /// @param where what errors call the source
    /// @throws TanrenException `SOURCE_UNREADABLE` for a bucket that is not allowed
    ObjectStore open(String bucket, String where) {
        if (!allowed.contains(bucket)) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "this worker may not read the bucket '" + bucket + "'; it may read " + allowed,
                    where,
                    "Copy the source to one of them, or start the worker with a "
                            + VARIABLE
                            + " that names the bucket.");
        }
        return stores.computeIfAbsent(bucket, connect);
    }

    @Override
    public void close() {
        stores.values().forEach(ObjectStore::close);
        stores.clear();
    }
}
