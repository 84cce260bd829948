package dev.tanren.storage.testing;

import dev.tanren.storage.objects.RetryPolicy;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.TransferSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStoreContext;

/// A real S3 server (S3Proxy on the file system) in the test's own process, on a free port of the
/// loopback interface, with credentials made up for it.
public final class EmbeddedS3 implements AutoCloseable {

    private final Path folder;
    private final boolean ownFolder;
    private final BlobStoreContext context;
    private final S3Proxy server;
    private final String accessKey = "test-" + UUID.randomUUID();
    private final String secretKey = UUID.randomUUID().toString();

    private EmbeddedS3(Path folder, boolean ownFolder) throws Exception {
        this.folder = folder;
        this.ownFolder = ownFolder;
        Properties properties = new Properties();
        properties.setProperty("jclouds.filesystem.basedir", folder.toString());
        this.context =
                ContextBuilder.newBuilder("filesystem-nio2")
                        .credentials("", "")
                        .overrides(properties)
                        .buildView(BlobStoreContext.class);
        this.server =
                S3Proxy.builder()
                        .blobStore(context.getBlobStore())
                        .awsAuthentication(AuthenticationType.AWS_V4, accessKey, secretKey)
                        .endpoint(URI.create("http://127.0.0.1:0"))
                        .build();
        server.start();
    }

    /// In a new temporary folder, removed on close.
    public static EmbeddedS3 start() {
        try {
            return new EmbeddedS3(Files.createTempDirectory("tanren-s3-"), true);
        } catch (Exception e) {
            throw new IllegalStateException("S3Proxy did not start", e);
        }
    }

    /// In a folder of the caller's, which stays.
    public static EmbeddedS3 start(Path folder) {
        try {
            return new EmbeddedS3(folder, false);
        } catch (Exception e) {
            throw new IllegalStateException("S3Proxy did not start", e);
        }
    }

    public String endpoint() {
        return "http://127.0.0.1:" + server.getPort();
    }

    public String accessKey() {
        return accessKey;
    }

    public String secretKey() {
        return secretKey;
    }

    /// Where the server keeps its objects: `<bucket>/<prefix><key>`.
    public Path folder() {
        return folder;
    }

    public StoreAddress address(String bucket, String prefix) {
        return new StoreAddress(endpoint(), StoreAddress.DEFAULT_REGION, bucket, prefix, true);
    }

    /// A store in a new bucket of this name, with a short deadline.
    public S3ObjectStore store(String bucket) {
        return store(bucket, TransferSettings.standard().withRetries(quick()));
    }

    public S3ObjectStore store(String bucket, TransferSettings settings) {
        S3ObjectStore store =
                S3ObjectStore.connect(address(bucket, "tanren/"), accessKey, secretKey, settings);
        store.ensureBucket();
        return store;
    }

    /// What a process that uses this server gets in its environment.
    public Map<String, String> environment(String bucket) {
        return Map.of(
                StoreAddress.ENDPOINT_VARIABLE,
                endpoint(),
                StoreAddress.REGION_VARIABLE,
                StoreAddress.DEFAULT_REGION,
                StoreAddress.BUCKET_VARIABLE,
                bucket,
                StoreAddress.PREFIX_VARIABLE,
                "tanren/",
                StoreAddress.PATH_STYLE_VARIABLE,
                "true",
                StoreAddress.ACCESS_KEY_VARIABLE,
                accessKey,
                StoreAddress.SECRET_KEY_VARIABLE,
                secretKey);
    }

    /// Gives up after two seconds.
    public static RetryPolicy quick() {
        return new RetryPolicy(
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                Duration.ofSeconds(30),
                Duration.ofMillis(20),
                Duration.ofMillis(200),
                Duration.ofSeconds(2));
    }

    @Override
    public void close() {
        try {
            server.stop();
            context.close();
            if (ownFolder) {
                deleteTree(folder);
            }
        } catch (Exception e) {
            throw new IllegalStateException("S3Proxy did not stop", e);
        }
    }

    private static void deleteTree(Path root) throws IOException {
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<Path>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory, @org.jspecify.annotations.Nullable IOException failure)
                            throws IOException {
                        Files.delete(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
