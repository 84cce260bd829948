package dev.tanren.deploy.stack;

import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStoreContext;
import org.jspecify.annotations.Nullable;

/// An S3 server in this process, on a free port of the loopback interface, over a folder that goes
/// with it, for programs that need a store and no stack.
public final class TemporaryStore implements AutoCloseable {

    private static final String BUCKET = "tanren";

    private final Path folder;
    private final BlobStoreContext context;
    private final S3Proxy server;
    private final Map<String, String> environment;

    private TemporaryStore(
            Path folder,
            BlobStoreContext context,
            S3Proxy server,
            Map<String, String> environment) {
        this.folder = folder;
        this.context = context;
        this.server = server;
        this.environment = environment;
    }

    /// Starts the server with keys made up for it.
    ///
    /// @throws IllegalStateException where it does not start
    public static TemporaryStore start() throws IOException {
        Path folder = Files.createTempDirectory("tanren-store-");
        String accessKey = UUID.randomUUID().toString();
        String secretKey = UUID.randomUUID().toString();
        Properties properties = new Properties();
        properties.setProperty("jclouds.filesystem.basedir", folder.toString());
        BlobStoreContext context =
                ContextBuilder.newBuilder("filesystem-nio2")
                        .credentials("unused", "unused")
                        .overrides(properties)
                        .buildView(BlobStoreContext.class);
        S3Proxy server =
                S3Proxy.builder()
                        .blobStore(context.getBlobStore())
                        .awsAuthentication(AuthenticationType.AWS_V4, accessKey, secretKey)
                        .endpoint(URI.create("http://127.0.0.1:0"))
                        .build();
        try {
            server.start();
        } catch (Exception e) {
            context.close();
            throw new IllegalStateException("the S3 server does not start", e);
        }
        Map<String, String> environment =
                Map.of(
                        StoreAddress.ENDPOINT_VARIABLE,
                        "http://127.0.0.1:" + server.getPort(),
                        StoreAddress.BUCKET_VARIABLE,
                        BUCKET,
                        StoreAddress.ACCESS_KEY_VARIABLE,
                        accessKey,
                        StoreAddress.SECRET_KEY_VARIABLE,
                        secretKey);
        try (S3ObjectStore store = S3ObjectStore.connect(environment)) {
            store.ensureBucket();
        }
        return new TemporaryStore(folder, context, server, environment);
    }

    /// What a process needs in its environment to use it, keys included.
    public Map<String, String> environment() {
        return environment;
    }

    @Override
    public void close() throws IOException {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the S3 server does not stop", e);
        } finally {
            context.close();
            delete(folder);
        }
    }

    private static void delete(Path root) throws IOException {
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
                            Path directory, @Nullable IOException failure) throws IOException {
                        Files.delete(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
