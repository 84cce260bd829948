package dev.tanren.storage.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.TransferSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

        try (ObjectServer server = ObjectServer.start(disk);
                S3ObjectStore store =
                        S3ObjectStore.connect(
                                server.address("bucket", ""),
                                server.accessKey(),
                                server.secretKey(),
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
