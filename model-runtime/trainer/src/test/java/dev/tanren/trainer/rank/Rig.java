package dev.tanren.trainer.rank;

import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A real S3 server with two small datasets in it.
record Rig(EmbeddedS3 s3, S3ObjectStore store, Map<String, String> datasets, Path folder)
        implements AutoCloseable {

    static Rig start(Path folder) throws IOException {
        EmbeddedS3 s3 = EmbeddedS3.start();
        S3ObjectStore store = s3.store("tanren", TransferSettings.standard());
        return new Rig(s3, store, TinyData.store(store, folder), folder);
    }

    /// The tiny plan, saving every 2 steps.
    Gang.Setting setting(String runId) {
        return new Gang.Setting(
                s3,
                store,
                s3.address("tanren", "tanren/"),
                folder,
                TinyPlan.plan(TinyPlan.stage(2)),
                TinyPlan.ARCHITECTURE,
                datasets,
                runId,
                List.of(),
                null);
    }

    @Override
    public void close() {
        store.close();
        s3.close();
    }
}
