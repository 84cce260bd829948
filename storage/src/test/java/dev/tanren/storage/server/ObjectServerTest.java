package dev.tanren.deploy.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.TransferSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObjectServerTest {

    @TempDir Path folder;
    private boolean mounted;

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            run("umount", disk().toString());
        }
    }

    private Path disk() {
        return folder.resolve("disk");
    }

    @Test
    void aFullDiskIsSaidToBeFullAndLosesNothing() throws Exception {
        Path disk = Files.createDirectories(disk());
        mounted = run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()) == 0;
        assumeTrue(mounted, "needs leave to mount an 8 MiB tmpfs, which is root's alone");

        Properties properties = new Properties();
        properties.setProperty("s3proxy.endpoint", "http://127.0.0.1:0");
        properties.setProperty("s3proxy.authorization", "aws-v2-or-v4");
        properties.setProperty("s3proxy.identity", "someone");
        properties.setProperty("s3proxy.credential", "something");
        properties.setProperty("jclouds.filesystem.basedir", disk.toString());
        try (ObjectServer server = ObjectServer.start(properties);
                S3ObjectStore store =
                        S3ObjectStore.connect(
                                new StoreAddress(
                                        "http://127.0.0.1:" + server.port(),
                                        StoreAddress.DEFAULT_REGION,
                                        "bucket",
                                        "",
                                        true),
                                "someone",
                                "something",
                                TransferSettings.standard())) {
            store.ensureBucket();
            store.put("small", new byte[1 << 20]);

            TanrenException failure =
                    catchThrowableOfType(
                            TanrenException.class, () -> store.put("large", new byte[9 << 20]));

            assertThat(failure.code()).isEqualTo(ErrorCode.STORE_FULL);
            assertThat(store.get("small")).hasSize(1 << 20);
            assertThat(store.find("large")).isEmpty();
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
