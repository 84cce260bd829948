package dev.tanren.deploy.stack;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.nio.file.Path;
import java.util.Map;

/// The layout of `$TANREN_HOME`, the one folder that the embedded stack writes to.
public record TanrenHome(Path folder) {

    public static final String VARIABLE = "TANREN_HOME";

    public TanrenHome {
        folder = folder.toAbsolutePath().normalize();
    }

    /// `$TANREN_HOME`, else `.tanren` in the user's home.
    ///
    /// @throws TanrenException `USAGE` when neither is set
    public static TanrenHome of(Map<String, String> environment) {
        String named = environment.getOrDefault(VARIABLE, "");
        if (!named.isBlank()) {
            return new TanrenHome(Path.of(named));
        }
        String home = environment.getOrDefault("HOME", "");
        if (home.isBlank()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "There is no folder for Tanren's state.",
                    "environment",
                    "Set " + VARIABLE + " or HOME.");
        }
        return new TanrenHome(Path.of(home, ".tanren"));
    }

    /// Where and how the stack runs; rewritten by the supervisor at every change.
    public Path stackFile() {
        return folder.resolve("stack.json");
    }

    public Path adminToken() {
        return folder.resolve("admin.token");
    }

    public Path secretsFile() {
        return folder.resolve("secrets.json");
    }

    /// Held by the one supervisor.
    public Path lockFile() {
        return folder.resolve("stack.lock");
    }

    public Path logs() {
        return folder.resolve("logs");
    }

    /// What can be fetched or extracted again.
    public Path cache() {
        return folder.resolve("cache");
    }

    public Path natives() {
        return cache().resolve("natives");
    }

    /// Where the JVM of a part of the stack keeps an archive of its classes.
    public Path classArchive(String part) {
        return cache().resolve(part + ".jsa");
    }

    /// Immutable objects by content hash, shared by the workers.
    public Path objectCache() {
        return cache().resolve("objects");
    }

    public Path postgresData() {
        return folder.resolve("postgres");
    }

    public Path objects() {
        return folder.resolve("objects");
    }

    public Path temporalDatabase() {
        return folder.resolve("temporal.db");
    }

    /// Where sources of plans may lie besides the folders that the user names.
    public Path data() {
        return folder.resolve("data");
    }

    /// Which folders the user's plans were admitted to.
    public Path planFolders() {
        return folder.resolve("plan-folders");
    }

    public Path scratch(String part) {
        return folder.resolve("scratch").resolve(part);
    }
}
