package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// An installation of empty files.
final class EmptyInstallation {

    private EmptyInstallation() {}

    static Installation in(Path folder, Path temporal) throws IOException {
        for (String jar :
                List.of(
                        "activities/target/tanren-activities-1.jar",
                        "deploy/target/tanren-deploy-1.jar",
                        "model-runtime/trainer/target/tanren-trainer-1.jar",
                        "model-runtime/inference/target/tanren-inference-1.jar",
                        "control-plane/target/quarkus-app/quarkus-run.jar")) {
            Path file = folder.resolve(jar);
            Files.createDirectories(file.resolveSibling("lib"));
            Files.createFile(file);
        }
        return new Installation(folder, folder, folder.resolve("java"), temporal);
    }
}
