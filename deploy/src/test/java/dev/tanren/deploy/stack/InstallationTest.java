package dev.tanren.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallationTest {

    @TempDir private Path folder;

    @Test
    void classPathsAreThoseOfTheKeptBuildAndNotOfTheCheckout() throws Exception {
        Path root = Files.createDirectories(folder.resolve("checkout"));
        Path build = folder.resolve("builds/1");
        jar(root, "2", 2);
        Path kept = jar(build, "1", 1);

        Installation installation =
                Installation.of(
                        Map.of("TANREN_ROOT", root.toString(), "TANREN_BUILD", build.toString()));

        assertThat(installation.root()).isEqualTo(root);
        assertThat(installation.deployClassPath())
                .isEqualTo(kept + ":" + kept.resolveSibling("lib") + "/*");
    }

    @Test
    void ofTwoVersionsSideBySideTheOneThatWasBuiltLastIsTaken() throws Exception {
        Path newer = jar(folder, "0.2.0", 5000);
        jar(folder, "0.1.0", 1000);
        jar(folder, "0.3.0", 2000);

        Installation installation = Installation.of(Map.of("TANREN_ROOT", folder.toString()));

        assertThat(installation.deployClassPath()).startsWith(newer + ":");
    }

    private static Path jar(Path build, String version, long time) throws Exception {
        Path target = build.resolve("deploy/target");
        Files.createDirectories(target.resolve("lib"));
        Path jar = Files.writeString(target.resolve("tanren-deploy-" + version + ".jar"), "");
        Files.setLastModifiedTime(jar, FileTime.fromMillis(time));
        return jar;
    }
}
