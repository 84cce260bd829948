package dev.tanren.deploy.objects;

import java.net.URISyntaxException;
import java.util.Properties;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStoreContext;

/// An S3 server over a folder.
///
/// It says `507` when the disk is full. Requests must be signed.
public final class ObjectServer implements AutoCloseable {

    private final BlobStoreContext context;
    private final S3Proxy server;

    private ObjectServer(BlobStoreContext context, S3Proxy server) {
        this.context = context;
        this.server = server;
    }

    /// @param properties in S3Proxy's words: `s3proxy.endpoint`, `s3proxy.identity`,
    ///     `s3proxy.credential`, `jclouds.filesystem.basedir`
    /// @throws Exception when the port is taken or the folder is not to be used
    public static ObjectServer start(Properties properties) throws Exception {
        BlobStoreContext context =
                ContextBuilder.newBuilder("filesystem-nio2")
                        .credentials("", "")
                        .overrides(properties)
                        .buildView(BlobStoreContext.class);
        ObjectServer server = new ObjectServer(context, server(properties, context));
        server.server.start();
        return server;
    }

    private static S3Proxy server(Properties properties, BlobStoreContext context)
            throws URISyntaxException {
        return S3Proxy.Builder.fromProperties(properties)
                .awsAuthentication(
                        AuthenticationType.AWS_V2_OR_V4,
                        properties.getProperty("s3proxy.identity"),
                        properties.getProperty("s3proxy.credential"))
                .blobStore(new FullDisk(context.getBlobStore()))
                .build();
    }

    int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the object server did not stop", e);
        } finally {
            context.close();
        }
    }
}
