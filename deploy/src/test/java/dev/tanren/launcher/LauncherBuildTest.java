package dev.tanren.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is built when, and from where it runs.
class LauncherBuildTest extends LauncherCheckout {

    @Test
    void aSourceThatDiffersFromTheBuildIsBuiltFirst() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("plan/src/main/java/A.java", "class A { int a; }");
        Path maven =
                maven(
                        """
                        echo '[INFO] Building Tanren plan 0.1.0            [2/11]'
                        echo '[INFO] Recompiling the module'
                        """
                                + buildsVersion("1"));

        Result result = run(Map.of(), "bench");

        assertThat(result.err())
                .contains("building (some minutes", "tanren: building 2 of 11: Tanren plan 0.1.0\n")
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
        source("plan/src/main/java/A.java", "class A {");
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

        source("plan/src/main/java/A.java", "class A { int third; }");
        Path third = build(run(Map.of(), "bench"));

        assertThat(before).doesNotExist();
        assertThat(third).exists();
        try (Stream<Path> kept = Files.list(home().resolve("builds"))) {
            assertThat(kept.filter(Files::isDirectory).filter(it -> !Files.isSymbolicLink(it)))
                    .containsExactly(third);
        }
    }

    @Test
    void insideABuildWhatLiesInTheCheckoutIsStarted() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("plan/src/main/java/A.java", "class A { int a; }");
        Map<String, String> variables =
                Map.of("TANREN_SKIP_BUILD", "1", "TANREN_TEMPORAL", temporal().toString());

        assertThat(build(run(variables, "up"))).isEqualTo(checkout);
        assertThat(build(run(variables, "status"))).isEqualTo(checkout);
    }

    @Test
    void sourcesThatChangeWhileTheyAreBuiltAreBuiltAgainAtTheNextStart() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        source("plan/src/main/java/A.java", "class A { int a; }");
        maven("echo 'class A {}' > plan/src/main/java/B.java\n" + buildsVersion("1"));

        assertThat(run(Map.of(), "bench").err()).contains("changed while they were built");
        assertThat(run(Map.of(), "bench").err()).contains("building").doesNotContain("changed");
        assertThat(run(Map.of(), "bench").err()).doesNotContain("building");
    }

    @Test
    void variablesOfTheUserDoNotPassForTheLaunchersOwn() throws Exception {
        Path jdk = jdk("other/jdk-25", "25.0.1");
        source("plan/src/main/java/A.java", "class A { int a; }");
        maven(buildsVersion("1"));

        Result result =
                run(
                        Map.of("maven", "/no", "jar", "/no", "build", "/no", "helping", "true"),
                        "bench");

        assertThat(result.out()).contains("started by " + jdk).doesNotContain("/no:");
    }

    @Test
    void aFailedBuildLeavesTheLastOneInUse() throws Exception {
        jdk("other/jdk-25", "25.0.1");
        Path before = build(run(Map.of(), "status"));
        source("plan/src/main/java/A.java", "class A {");
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
        assertThat(build.resolve("deploy/target/lib/tanren-plan-2.jar")).exists();
        assertThat(build.resolve("deploy/target/lib/tanren-plan-1.jar")).doesNotExist();
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
        source("plan/src/main/java/A.java", "class A { int a; }");
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
        source("plan/src/main/java/A.java", "class A {");
        maven("echo '[ERROR] no such symbol'; exit 1\n");

        Result result = run(Map.of(), "bench");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains("[ERROR] no such symbol", "TNR-7004 the build failed", "mend:");
        assertThat(result.out()).isEmpty();
        assertThat(checkout.resolve("target/.built")).doesNotExist();
    }
}
