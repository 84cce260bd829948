package dev.tanren.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateHomeTest {

    @TempDir private Path folder;

    @Test
    void aHomeAndADatabaseThatOthersCouldReadAreMendedAndNamedOnce() throws Exception {
        Path home = Files.createDirectories(folder.resolve("home"));
        Path database = Files.writeString(home.resolve("temporal.db"), "");
        Path log = Files.writeString(home.resolve("temporal.db-wal"), "");
        allow(home, "rwxr-xr-x");
        allow(database, "rw-r--r--");
        allow(log, "rw-rw-rw-");
        StackControl control = new StackControl(new TanrenHome(home));

        assertThat(control.makePrivate()).containsExactly(home, database, log);

        assertThat(rights(home)).isEqualTo("rwx------");
        assertThat(rights(database)).isEqualTo("rw-------");
        assertThat(rights(log)).isEqualTo("rw-------");
        assertThat(control.makePrivate()).isEmpty();
    }

    @Test
    void aHomeThatIsNotThereYetNeedsNoMending() {
        assertThat(new StackControl(new TanrenHome(folder.resolve("new"))).makePrivate()).isEmpty();
    }

    private static void allow(Path path, String rights) throws Exception {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(rights));
    }

    private static String rights(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
