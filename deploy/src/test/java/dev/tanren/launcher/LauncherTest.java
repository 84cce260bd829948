package dev.tanren.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What the launcher finds, and how it starts the command line.
class LauncherTest extends LauncherCheckout {

    @Test
    void javaHomeIsTakenWhenItIsAJdk25() throws Exception {
        jdk("other/jdk-25-a", "25.0.1");
        Path wanted = jdk("jdk-25-b", "25.0.2");

        Result result = run(Map.of("JAVA_HOME", wanted.toString()), "status");

        assertThat(result.out()).contains("started by " + wanted);
    }

    @Test
    void anOldJavaHomeIsPassedOverForAJdk25InTheUsualFolders() throws Exception {
        Path old = jdk("jdk-17", "17.0.15");
        Path wanted = jdk("other/jdk-25", "25.0.1");

        Result result = run(Map.of("JAVA_HOME", old.toString()), "status");

        assertThat(result.out()).contains("started by " + wanted);
    }

    @Test
    void aFolderThatIsNamedLikeAJdk25ButIsNoneIsNotBelieved() throws Exception {
        jdk("other/jdk-25-in-name-only", "21.0.4");

        Result result = run(Map.of(), "status");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains("TNR-7004", "no JDK 25 found", "jdk-25-in-name-only (21)", "mend:");
    }

    @Test
    void aJdkWithoutAReleaseFileIsAskedForItsVersion() throws Exception {
        Path wanted = jdk("other/jdk-25", "25.0.1");
        Files.delete(wanted.resolve("release"));

        Result result = run(Map.of(), "status");

        assertThat(result.out()).contains("started by " + wanted);
    }

    @Test
    void argumentsReachTheCommandLineAsTheyAre() throws Exception {
        jdk("other/jdk-25", "25.0.1");

        Result result = run(Map.of(), "run", "submit", "a plan.yaml", "");

        assertThat(result.out())
                .contains("[dev.tanren.cli.TanrenMain][run][submit][a plan.yaml][]");
    }

    @Test
    void aNewHomeIsForTheUserAlone() throws Exception {
        jdk("other/jdk-25", "25.0.1");

        run(Map.of(), "status");

        assertThat(Files.getPosixFilePermissions(folder.resolve("user/.tanren")))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void whatTheStackMakesIsForTheUserAlone() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        Map<String, String> variables = Map.of("TANREN_TEMPORAL", temporal().toString());

        assertThat(run(variables, "up").out()).contains("umask 0077");
        assertThat(run(variables, "plan").out()).doesNotContain("umask 0077");
    }

    @Test
    void anEmptyNameForTemporalOrAWrongOneIsNotGuessedAround() throws Exception {
        jdk("other/jdk-25", "25.0.1");

        Result result = run(Map.of("TANREN_TEMPORAL", "/no/such/temporal"), "up");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("TNR-7004", "/no/such/temporal");
    }
}
