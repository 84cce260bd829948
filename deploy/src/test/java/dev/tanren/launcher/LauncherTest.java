package dev.tanren.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher in a checkout that looks built, with JDKs that only say what they are.
class LauncherTest {

    private static final Path LAUNCHER = Path.of("..", "tanren").toAbsolutePath().normalize();
    private static final List<String> PRODUCTS =
            List.of(
                    "deploy/target/lib/a.jar",
                    "deploy/target/tanren-deploy-1.jar",
                    "activities/target/lib/a.jar",
                    "model-runtime/trainer/target/lib/a.jar",
                    "model-runtime/inference/target/lib/a.jar",
                    "control-plane/target/quarkus-app/quarkus-run.jar");

    @TempDir private Path folder;
    private Path checkout;

    @BeforeEach
    void makesACheckoutThatIsBuilt() throws IOException {
        checkout = Files.createDirectories(folder.resolve("checkout"));
        Files.copy(LAUNCHER, checkout.resolve("tanren"));
        executable(checkout.resolve("tanren"));
        for (String product : PRODUCTS) {
            Path file = checkout.resolve(product);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "");
        }
        Files.createDirectories(checkout.resolve("spec/src/main/java"));
        Files.createDirectories(checkout.resolve("target"));
        Files.writeString(checkout.resolve("target/.built"), "");
    }

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
    void aSourceNewerThanTheBuildIsBuiltFirst() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        Files.setLastModifiedTime(
                checkout.resolve("target/.built"), java.nio.file.attribute.FileTime.fromMillis(1));
        Path maven =
                maven(
                        """
                        echo '[INFO] Building Tanren spec 0.1.0            [2/11]'
                        echo '[INFO] Recompiling the module'
                        """);

        Result result = run(Map.of(), "status");

        assertThat(result.err())
                .contains("building (some minutes", "tanren: building 2 of 11: Tanren spec 0.1.0\n")
                .doesNotContain("Recompiling");
        assertThat(Files.readString(maven.resolveSibling("arguments")))
                .startsWith("-B -ntp -DskipTests")
                .contains("package");
        assertThat(run(Map.of(), "status").err()).doesNotContain("building");
    }

    @Test
    void aBuildThatFailsSaysWhyAndStartsNothing() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        Files.delete(checkout.resolve("target/.built"));
        maven("echo '[ERROR] no such symbol'; exit 1\n");

        Result result = run(Map.of(), "status");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains("[ERROR] no such symbol", "TNR-7004 the build failed", "mend:");
        assertThat(result.out()).isEmpty();
        assertThat(checkout.resolve("target/.built")).doesNotExist();
    }

    private Path maven(String build) throws IOException {
        Path maven = folder.resolve("bin/mvn");
        script(
                maven,
                """
                if [ "$1" = -v ]; then echo "Apache Maven 3.9.12"; exit; fi
                echo "$*" > "${0%/*}/arguments"
                """
                        + build);
        return maven;
    }

    @Test
    void anEmptyNameForTemporalOrAWrongOneIsNotGuessedAround() throws Exception {
        jdk("other/jdk-25", "25.0.1");

        Result result = run(Map.of("TANREN_TEMPORAL", "/no/such/temporal"), "up");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("TNR-7004", "/no/such/temporal");
    }

    private Path jdk(String name, String version) throws IOException {
        Path jdk = folder.resolve("jdks").resolve(name);
        Files.createDirectories(jdk);
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        script(
                jdk.resolve("bin/java"),
                """
                if [ "$1" = -version ]; then echo 'openjdk version "%s"' >&2; exit; fi
                while [ "$1" != -cp ]; do shift; done
                shift 2
                echo "started by %s"
                printf '[%%s]' "$@"
                """
                        .formatted(version, jdk));
        script(jdk.resolve("bin/javac"), "");
        return jdk;
    }

    private static void script(Path file, String body) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + body);
        executable(file);
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    private Result run(Map<String, String> variables, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(checkout.resolve("tanren").toString()));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile());
        Map<String, String> environment = new TreeMap<>(variables);
        environment.put("PATH", folder.resolve("bin") + ":" + toolsWithoutJava());
        environment.put("HOME", folder.resolve("user").toString());
        environment.put("TANREN_JVM_FOLDERS", folder.resolve("jdks/other").toString());
        builder.environment().clear();
        builder.environment().putAll(environment);
        int code = builder.start().waitFor();
        return new Result(code, Files.readString(out), Files.readString(err));
    }

    /// A folder with the programs that the launcher uses, and neither Java nor Maven.
    private Path toolsWithoutJava() throws IOException {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool :
                List.of(
                        "bash",
                        "sh",
                        "env",
                        "dirname",
                        "readlink",
                        "sed",
                        "head",
                        "find",
                        "mkdir",
                        "touch",
                        "mv",
                        "rm",
                        "flock",
                        "cat")) {
            Path link = tools.resolve(tool);
            if (!Files.exists(link)) {
                script(link, "exec " + where(tool) + " \"$@\"\n");
            }
        }
        return tools;
    }

    private static Path where(String tool) {
        for (String place : List.of("/usr/bin", "/bin")) {
            Path path = Path.of(place, tool);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        throw new AssertionError("no " + tool);
    }

    private record Result(int exitCode, String out, String err) {}
}
