package dev.tanren.deploy.stack;

import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.server.ObjectServer;
import java.util.Map;

/// An S3 server in this process, over a folder that goes with it, for programs that need a store
/// and no stack.
public final class TemporaryStore implements AutoCloseable {

    private static final String BUCKET = "tanren";

    private final ObjectServer server;

    private TemporaryStore(ObjectServer server) {
        this.server = server;
    }

    /// Starts the server and makes a bucket.
    ///
    /// @throws IllegalStateException where it does not start
    public static TemporaryStore start() {
        TemporaryStore started = new TemporaryStore(ObjectServer.temporary());
        try (S3ObjectStore store = S3ObjectStore.connect(started.environment())) {
            store.ensureBucket();
            return started;
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
    }

    /// What a process needs in its environment to use it, keys included.
    public Map<String, String> environment() {
        return server.environment(BUCKET, "");
    }

    @Override
    public void close() {
        server.close();
    }
}
