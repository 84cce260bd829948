package dev.tanren.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The launcher in a checkout that looks built, with JDKs that only say what they are.
class LauncherTest {

    private static final Path LAUNCHER = Path.of("..", "tanren").toAbsolutePath().normalize();
    private static final List<String> PROGRAMS =
            List.of("deploy", "activities", "model-runtime/trainer", "model-runtime/inference");

    @TempDir private Path folder;
    private Path checkout;

    @BeforeEach
    void makesACheckoutThatIsBuilt() throws Exception {
        checkout = Files.createDirectories(folder.resolve("checkout"));
        Files.copy(LAUNCHER, checkout.resolve("tanren"));
        executable(checkout.resolve("tanren"));
        source("spec/src/main/java/A.java", "class A {}");
        products("1");
        buildOnce();
    }

    private void source(String name, String text) throws IOException {
        Path file = checkout.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /// What Maven leaves in the checkout.
    private void products(String version) throws IOException {
        for (String program : PROGRAMS) {
            String name = program.replaceFirst(".*/", "");
            source(program + "/target/tanren-" + name + "-" + version + ".jar", version);
            source(program + "/target/lib/tanren-spec-" + version + ".jar", version);
            source(program + "/target/lib/other.jar", "other");
        }
        source("control-plane/target/quarkus-app/quarkus-run.jar", version);
        source("control-plane/target/quarkus-app/lib/main/other.jar", "other");
    }

    /// As a launcher that has built what is there would leave it.
    private void buildOnce() throws Exception {
        jdk("once/jdk-25", "25.0.1");
        Path maven = maven(buildsVersion("1"));
        Result result =
                run(Map.of("TANREN_JVM_FOLDERS", folder.resolve("jdks/once").toString()), "bench");
        assertThat(result.exitCode()).as(result.err()).isZero();
        Files.delete(maven);
        Files.delete(maven.resolveSibling("arguments"));
    }

    /// A Maven that builds the programs in this version.
    private static String buildsVersion(String version) {
        String script =
                """
                for program in deploy activities model-runtime/trainer model-runtime/inference; do
                  mkdir -p $program/target/lib
                  echo VERSION > $program/target/tanren-${program##*/}-VERSION.jar
                  echo VERSION > $program/target/lib/tanren-spec-VERSION.jar
                  echo other > $program/target/lib/other.jar
                done
                mkdir -p control-plane/target/quarkus-app/lib/main
                echo VERSION > control-plane/target/quarkus-app/quarkus-run.jar
                """;
        return script.replace("VERSION", version);
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
    void aSourceThatDiffersFromTheBuildIsBuiltFirst() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("spec/src/main/java/A.java", "class A { int a; }");
        Path maven =
                maven(
                        """
                        echo '[INFO] Building Tanren spec 0.1.0            [2/11]'
                        echo '[INFO] Recompiling the module'
                        """
                                + buildsVersion("1"));

        Result result = run(Map.of(), "bench");

        assertThat(result.err())
                .contains("building (some minutes", "tanren: building 2 of 11: Tanren spec 0.1.0\n")
                .doesNotContain("Recompiling");
        assertThat(Files.readString(maven.resolveSibling("arguments")))
                .startsWith("-B -ntp -DskipTests")
                .contains("package");
        assertThat(run(Map.of(), "bench").err()).doesNotContain("building");
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "down", "run", "plan", "checkpoint", "model"})
    void whatDoesNotBuildUsesWhatIsBuiltThoughTheSourcesAreBroken(String command) throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("spec/src/main/java/A.java", "class A {");
        Path maven = maven("echo '[ERROR] no such symbol'; exit 1\n");

        Result result = run(Map.of(), command);

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).contains("[" + command + "]");
        assertThat(maven.resolveSibling("arguments")).doesNotExist();
    }

    @Test
    void whatRunsIsAFolderThatALaterBuildDoesNotTouch() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        maven(buildsVersion("2"));
        Path before = build(run(Map.of(), "bench"));
        Process user = new ProcessBuilder("tail", "-f", "/dev/null", before + "/.lock").start();
        try {
            source("pom.xml", "<version>2</version>");

            Result up = run(Map.of("TANREN_TEMPORAL", temporal().toString()), "up");
            Path after = build(up);

            assertThat(after).isNotEqualTo(before).startsWith(home().resolve("builds"));
            assertThat(Files.readString(before.resolve("deploy/target/tanren-deploy-1.jar")))
                    .isEqualTo("1\n");
            assertThat(build(run(Map.of(), "status"))).isEqualTo(after);
        } finally {
            user.destroyForcibly().waitFor();
        }

        source("spec/src/main/java/A.java", "class A { int third; }");
        Path third = build(run(Map.of(), "bench"));

        assertThat(before).doesNotExist();
        assertThat(third).exists();
        try (Stream<Path> kept = Files.list(home().resolve("builds"))) {
            assertThat(kept.filter(Files::isDirectory).filter(it -> !Files.isSymbolicLink(it)))
                    .containsExactly(third);
        }
    }

    @Test
    void aFailedBuildLeavesTheLastOneInUse() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        Path before = build(run(Map.of(), "status"));
        source("spec/src/main/java/A.java", "class A {");
        maven("rm -r deploy/target/lib; exit 1\n");

        assertThat(run(Map.of(), "bench").exitCode()).isEqualTo(1);

        assertThat(build(run(Map.of(), "down"))).isEqualTo(before);
    }

    @Test
    void twoVersionsSideBySideInTargetMakeNoClassPathOfBoth() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("pom.xml", "<version>2</version>");
        maven(buildsVersion("2"));

        Result result = run(Map.of(), "bench");

        Path build = build(result);
        assertThat(result.out())
                .contains(
                        "class path "
                                + build
                                + "/deploy/target/tanren-deploy-2.jar:"
                                + build
                                + "/deploy/target/lib/*");
        assertThat(build.resolve("deploy/target/lib/tanren-spec-2.jar")).exists();
        assertThat(build.resolve("deploy/target/lib/tanren-spec-1.jar")).doesNotExist();
        assertThat(build.resolve("activities/target/tanren-activities-1.jar")).doesNotExist();
    }

    @Test
    void testsTakeTheLockOfTheBuild() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        maven("echo tests\n");
        Path lock = checkout.resolve("target/.lock");
        Process other =
                new ProcessBuilder("flock", lock.toString(), "sh", "-c", "echo held; read line")
                        .start();
        try (BufferedReader held = other.inputReader()) {
            assertThat(held.readLine()).isEqualTo("held");
            CompletableFuture<Result> test =
                    CompletableFuture.supplyAsync(() -> unchecked("test", "-o"));
            await(folder.resolve("err"), "waiting for another build");
            assertThat(folder.resolve("bin/arguments")).doesNotExist();

            other.outputWriter().append("on\n").close();

            assertThat(test.get().out()).contains("tests");
            assertThat(Files.readString(folder.resolve("bin/arguments")))
                    .isEqualTo("-B -ntp verify -o\n");
        }
    }

    private Result unchecked(String... arguments) {
        try {
            return run(Map.of("TANREN_TEMPORAL", temporal().toString()), arguments);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void await(Path file, String text) throws Exception {
        for (int i = 0; i < 400; i++) {
            if (Files.exists(file) && Files.readString(file).contains(text)) {
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError(text + " is not in " + file);
    }

    @Test
    void aMavenInTheCacheIsUsedWithoutAnotherOnThePath() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("spec/src/main/java/A.java", "class A { int a; }");
        Path maven = maven(buildsVersion("1"));
        Path cached = home().resolve("cache/apache-maven-3.9.12/bin/mvn");
        Files.createDirectories(cached.getParent());
        Files.move(maven, cached);

        assertThat(run(Map.of(), "bench").exitCode()).isZero();

        assertThat(cached.resolveSibling("arguments")).exists();
    }

    @Test
    void withoutAnyBuildWhatDoesNotBuildSaysHowToMakeOne() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        deleteTree(home().resolve("builds"));
        deleteTree(checkout.resolve("deploy/target"));

        Result result = run(Map.of(), "status");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("TNR-7004 Tanren is not built", "./tanren up");
    }

    @Test
    void aBuildThatFailsSaysWhyAndStartsNothing() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("spec/src/main/java/A.java", "class A {");
        maven("echo '[ERROR] no such symbol'; exit 1\n");

        Result result = run(Map.of(), "bench");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains("[ERROR] no such symbol", "TNR-7004 the build failed", "mend:");
        assertThat(result.out()).isEmpty();
        assertThat(checkout.resolve("target/.built")).doesNotExist();
    }

    private Path home() {
        return folder.resolve("user/.tanren");
    }

    private Path temporal() throws IOException {
        Path temporal = folder.resolve("bin/temporal");
        script(temporal, "");
        return temporal;
    }

    /// The folder that a command was started from.
    private static Path build(Result result) {
        return result.out()
                .lines()
                .filter(line -> line.startsWith("build "))
                .map(line -> Path.of(line.substring("build ".length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(result.toString()));
    }

    private static void deleteTree(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
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
                echo "class path $2"
                shift 2
                echo "build $TANREN_BUILD"
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
        Map<String, String> environment = new TreeMap<>();
        environment.put("TANREN_JVM_FOLDERS", folder.resolve("jdks/other").toString());
        environment.put("PATH", folder.resolve("bin") + ":" + toolsWithoutJava());
        environment.put("HOME", folder.resolve("user").toString());
        environment.putAll(variables);
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
                        "cp",
                        "ln",
                        "sort",
                        "xargs",
                        "sha256sum",
                        "grep",
                        "uname",
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
