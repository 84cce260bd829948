package dev.tanren.storage.testing;

import dev.tanren.storage.objects.RetryPolicy;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.server.ObjectServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/// A real S3 server in the test's own process, with stores that give up soon.
public final class EmbeddedS3 implements AutoCloseable {

    private static final String PREFIX = "tanren/";

    private final ObjectServer server;

    private EmbeddedS3(ObjectServer server) {
        this.server = server;
    }

    /// In a new temporary folder, removed on close.
    public static EmbeddedS3 start() {
        return new EmbeddedS3(ObjectServer.temporary());
    }

    /// In a folder of the caller's, which stays.
    public static EmbeddedS3 start(Path folder) {
        return new EmbeddedS3(ObjectServer.start(folder));
    }

    public String endpoint() {
        return server.endpoint();
    }

    public String accessKey() {
        return server.accessKey();
    }

    public String secretKey() {
        return server.secretKey();
    }

    /// Where the server keeps its objects: `<bucket>/<prefix><key>`.
    public Path folder() {
        return server.folder();
    }

    public StoreAddress address(String bucket, String prefix) {
        return server.address(bucket, prefix);
    }

    /// A store in a new bucket of this name, with a short deadline.
    public S3ObjectStore store(String bucket) {
        return store(bucket, TransferSettings.standard().withRetries(quick()));
    }

    public S3ObjectStore store(String bucket, TransferSettings settings) {
        S3ObjectStore store =
                S3ObjectStore.connect(address(bucket, PREFIX), accessKey(), secretKey(), settings);
        store.ensureBucket();
        return store;
    }

    /// What a process that uses this server gets in its environment.
    public Map<String, String> environment(String bucket) {
        return server.environment(bucket, PREFIX);
    }

    /// Gives up after two seconds.
    public static RetryPolicy quick() {
        return new RetryPolicy(
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                Duration.ofMillis(20),
                Duration.ofMillis(200),
                Duration.ofSeconds(2));
    }

    @Override
    public void close() {
        server.close();
    }
}
