package dev.tanren.deploy.stack;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Where the built product lies: class paths and programs that its processes are started with.
///
/// @param root folder of the checkout
/// @param build folder with the build, laid out like the checkout; later builds leave it alone
/// @param java executable of the JDK that runs everything
/// @param temporal the temporal command line; need not be there unless the stack is started
public record Installation(Path root, Path build, Path java, Path temporal) {

    public static final String ROOT_VARIABLE = "TANREN_ROOT";
    public static final String BUILD_VARIABLE = "TANREN_BUILD";
    public static final String TEMPORAL_VARIABLE = "TANREN_TEMPORAL";

    /// Finds it by `TANREN_ROOT`, `TANREN_BUILD` and `TANREN_TEMPORAL`, which the launcher sets,
    /// and this JVM. Without `TANREN_BUILD` the build is that of the checkout itself.
    ///
    /// @throws TanrenException `USAGE` when started without the launcher
    public static Installation of(Map<String, String> environment) {
        String root = environment.getOrDefault(ROOT_VARIABLE, "");
        if (root.isBlank()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "The folder of Tanren's build is not known.",
                    ROOT_VARIABLE,
                    "Start Tanren through its launcher, ./tanren.");
        }
        String build = environment.getOrDefault(BUILD_VARIABLE, "");
        return new Installation(
                Path.of(root).toAbsolutePath().normalize(),
                Path.of(build.isBlank() ? root : build).toAbsolutePath().normalize(),
                Path.of(System.getProperty("java.home"), "bin", "java"),
                Path.of(environment.getOrDefault(TEMPORAL_VARIABLE, "temporal")));
    }

    /// The product's own texts in the checkout, which the examples train on.
    public List<Path> texts() {
        return Stream.of("docs", "plan/src/main/java", "deploy/src/main/resources/corpus")
                .map(root::resolve)
                .toList();
    }

    public String trainerClassPath() {
        return classPath("model-runtime/trainer", "tanren-trainer");
    }

    public String inferenceClassPath() {
        return classPath("model-runtime/inference", "tanren-inference");
    }

    public String workerClassPath() {
        return classPath("activities", "tanren-activities");
    }

    public String deployClassPath() {
        return classPath("deploy", "tanren-deploy");
    }

    public Path controlPlaneJar() {
        return require(build.resolve("control-plane/target/quarkus-app/quarkus-run.jar"));
    }

    private String classPath(String module, String artifact) {
        Path target = build.resolve(module).resolve("target");
        try (DirectoryStream<Path> jars =
                Files.newDirectoryStream(require(target), artifact + "-*.jar")) {
            return newest(jars)
                    .map(jar -> jar + ":" + require(target.resolve("lib")) + "/*")
                    .orElseThrow(() -> missing(target.resolve(artifact + "-*.jar"), null));
        } catch (IOException e) {
            throw missing(target, e);
        }
    }

    /// Where jars of several versions lie side by side, the one that was built last.
    private static Optional<Path> newest(DirectoryStream<Path> jars) throws IOException {
        Optional<Path> newest = Optional.empty();
        for (Path jar : jars) {
            if (newest.isEmpty()
                    || Files.getLastModifiedTime(jar)
                                    .compareTo(Files.getLastModifiedTime(newest.get()))
                            > 0) {
                newest = Optional.of(jar);
            }
        }
        return newest;
    }

    private static Path require(Path path) {
        if (!Files.exists(path)) {
            throw missing(path, null);
        }
        return path;
    }

    private static TanrenException missing(Path path, @Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.TOOL_MISSING,
                "A part of Tanren's build is missing.",
                path.toString(),
                "Build all of it with ./tanren up, demo or bench.",
                cause);
    }
}
