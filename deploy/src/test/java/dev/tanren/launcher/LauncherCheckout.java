package dev.tanren.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// The launcher in a checkout that is built, with JDKs that only say what they are.
abstract class LauncherCheckout {

    private static final Path LAUNCHER = Path.of("..", "tanren").toAbsolutePath().normalize();
    @TempDir Path folder;
    Path checkout;

    @BeforeEach
    void makesACheckoutThatIsBuilt() throws Exception {
        checkout = Files.createDirectories(folder.resolve("checkout"));
        Files.copy(LAUNCHER, checkout.resolve("tanren"));
        executable(checkout.resolve("tanren"));
        source("plan/src/main/java/A.java", "class A {}");
        buildOnce();
    }

    void source(String name, String text) throws IOException {
        Path file = checkout.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /// As a launcher that has built what is there would leave it.
    void buildOnce() throws Exception {
        jdk("once/jdk-25", "25.0.1");
        Path maven = maven(buildsVersion("1"));
        Result result =
                run(Map.of("TANREN_JVM_FOLDERS", folder.resolve("jdks/once").toString()), "bench");
        assertThat(result.exitCode()).as(result.err()).isZero();
        Files.delete(maven);
        Files.delete(maven.resolveSibling("arguments"));
    }

    /// A Maven that builds the programs in this version.
    static String buildsVersion(String version) {
        String script =
                """
                for program in deploy activities model-runtime/trainer model-runtime/inference; do
                  mkdir -p $program/target/lib
                  echo VERSION > $program/target/tanren-${program##*/}-VERSION.jar
                  echo VERSION > $program/target/lib/tanren-plan-VERSION.jar
                  echo other > $program/target/lib/other.jar
                done
                mkdir -p control-plane/target/quarkus-app/lib/main
                echo VERSION > control-plane/target/quarkus-app/quarkus-run.jar
                """;
        return script.replace("VERSION", version);
    }

    Path home() {
        return folder.resolve("user/.tanren");
    }

    Path temporal() throws IOException {
        Path temporal = folder.resolve("bin/temporal");
        script(temporal, "");
        return temporal;
    }

    /// The folder that a command was started from.
    static Path build(Result result) {
        return result.out()
                .lines()
                .filter(line -> line.startsWith("build "))
                .map(line -> Path.of(line.substring("build ".length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(result.toString()));
    }

    static void deleteTree(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    Path maven(String build) throws IOException {
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

    Path jdk(String name, String version) throws IOException {
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
                echo "umask $(umask)"
                echo "started by %s"
                printf '[%%s]' "$@"
                """
                        .formatted(version, jdk));
        script(jdk.resolve("bin/javac"), "");
        return jdk;
    }

    static void script(Path file, String body) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + body);
        executable(file);
    }

    static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    Result run(Map<String, String> variables, String... arguments) throws Exception {
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
    Path toolsWithoutJava() throws IOException {
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

    static Path where(String tool) {
        for (String place : List.of("/usr/bin", "/bin")) {
            Path path = Path.of(place, tool);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        throw new AssertionError("no " + tool);
    }

    record Result(int exitCode, String out, String err) {}
}
