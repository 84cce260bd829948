package dev.tanren.storage.server;

import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.StoreScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.jspecify.annotations.Nullable;

/// An S3 server (S3Proxy) in this process, on the loopback interface, over a folder.
///
/// It says `507` when the disk is full. Requests must be signed, with its own keys or with those of
/// a [StoreScope], which open that alone. S3Proxy itself is a dependency of those who start one.
public final class ObjectServer implements AutoCloseable {

    private static final String HOST = "127.0.0.1";
    private static final int FREE_PORT = 0;

    private final Path folder;
    private final @Nullable TemporaryFolder ownFolder;
    private final String accessKey;
    private final String secretKey;
    private final BlobStoreContext context;
    private final S3Proxy server;

    private ObjectServer(
            Path folder,
            @Nullable TemporaryFolder ownFolder,
            int port,
            String accessKey,
            String secretKey) {
        this.folder = folder;
        this.ownFolder = ownFolder;
        this.accessKey = accessKey;
        this.secretKey = secretKey;
        Properties properties = new Properties();
        properties.setProperty("jclouds.filesystem.basedir", folder.toString());
        context =
                ContextBuilder.newBuilder("filesystem-nio2")
                        .credentials("", "")
                        .overrides(properties)
                        .buildView(BlobStoreContext.class);
        BlobStore whole = new FullDisk(context.getBlobStore());
        server =
                S3Proxy.builder()
                        .blobStore(whole)
                        .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, accessKey, secretKey)
                        .endpoint(URI.create("http://" + HOST + ":" + port))
                        .build();
        server.setBlobStoreLocator((identity, bucket, key) -> opened(identity, whole));
    }

    /// The secret that a request must be signed with, and what it may see then.
    ///
    /// @return null for an access key that nobody has
    // S3Proxy's own words for "no such key".
    @SuppressWarnings("NullAway")
    private Map.Entry<String, BlobStore> opened(@Nullable String identity, BlobStore whole) {
        if (accessKey.equals(identity)) {
            return Map.entry(secretKey, whole);
        }
        return Optional.ofNullable(identity)
                .flatMap(StoreScope::of)
                .map(
                        scope ->
                                Map.entry(
                                        StoreScope.secretKey(String.valueOf(identity), secretKey),
                                        ScopedStore.of(whole, scope)))
                .orElse(null);
    }

    /// Starts a server whose clients know its port and keys.
    ///
    /// @throws IllegalStateException when the port is taken or the folder is not to be used
    public static ObjectServer start(Path folder, int port, String accessKey, String secretKey) {
        return new ObjectServer(folder, null, port, accessKey, secretKey).started();
    }

    /// Starts a server on a free port, with keys made up for it.
    ///
    /// @throws IllegalStateException when the folder is not to be used
    public static ObjectServer start(Path folder) {
        return new ObjectServer(folder, null, FREE_PORT, newKey(), newKey()).started();
    }

    /// Starts a server on a free port, with keys made up for it, over a folder that goes with it.
    public static ObjectServer temporary() {
        try {
            TemporaryFolder own = TemporaryFolder.create("tanren-store-");
            return new ObjectServer(own.path(), own, FREE_PORT, newKey(), newKey()).started();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String newKey() {
        return UUID.randomUUID().toString();
    }

    private ObjectServer started() {
        try {
            server.start();
            return this;
        } catch (Exception e) {
            context.close();
            throw new IllegalStateException("the S3 server does not start", e);
        }
    }

    public String endpoint() {
        return "http://" + HOST + ":" + server.getPort();
    }

    public String accessKey() {
        return accessKey;
    }

    public String secretKey() {
        return secretKey;
    }

    /// Where the objects lie: `<bucket>/<prefix><key>`.
    public Path folder() {
        return folder;
    }

    /// @param prefix empty or ending in `/`
    public StoreAddress address(String bucket, String prefix) {
        return new StoreAddress(endpoint(), StoreAddress.DEFAULT_REGION, bucket, prefix, true);
    }

    /// What a process that uses it has in its environment, keys included.
    ///
    /// @param prefix empty or ending in `/`
    public Map<String, String> environment(String bucket, String prefix) {
        return Map.of(
                StoreAddress.ENDPOINT_VARIABLE,
                endpoint(),
                StoreAddress.REGION_VARIABLE,
                StoreAddress.DEFAULT_REGION,
                StoreAddress.BUCKET_VARIABLE,
                bucket,
                StoreAddress.PREFIX_VARIABLE,
                prefix,
                StoreAddress.PATH_STYLE_VARIABLE,
                "true",
                StoreAddress.ACCESS_KEY_VARIABLE,
                accessKey,
                StoreAddress.SECRET_KEY_VARIABLE,
                secretKey);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the S3 server does not stop", e);
        } finally {
            context.close();
            removeOwnFolder();
        }
    }

    private void removeOwnFolder() {
        if (ownFolder == null) {
            return;
        }
        try {
            ownFolder.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
