package dev.tanren.deploy.corpus.internal;

import dev.tanren.deploy.corpus.SourceArtifact;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Fetches sources archives with the Maven that builds Tanren, so that mirrors and proxies are
/// those of its settings. An archive that is there with the right hash is not fetched again.
public final class MavenFetch {

    private static final String COPY =
            "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy";
    private static final int DEADLINE_MINUTES = 10;

    private final Path maven;
    private final Path folder;

    /// @param maven its executable
    public MavenFetch(Path maven, Path folder) {
        this.maven = maven;
        this.folder = folder;
    }

    /// @throws TanrenException `SOURCE_MISSING` where Maven does not get it; `SOURCE_UNREADABLE`
    ///     where it is not the pinned one; `TOOL_MISSING` where there is no Maven
    public Path fetch(SourceArtifact artifact) throws IOException, InterruptedException {
        Path file = folder.resolve(artifact.fileName());
        if (Files.exists(file) && Sha256.of(file).equals(artifact.sha256())) {
            return file;
        }
        Files.createDirectories(folder);
        run(artifact);
        String found = Files.exists(file) ? Sha256.of(file) : "nothing";
        if (!found.equals(artifact.sha256())) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the archive's SHA-256 is " + found + ", expected " + artifact.sha256(),
                    file.toString(),
                    "Remove it here and in Maven's local repository, and try again.");
        }
        return file;
    }

    private void run(SourceArtifact artifact) throws IOException, InterruptedException {
        if (!Files.isExecutable(maven)) {
            throw new TanrenException(
                    ErrorCode.TOOL_MISSING,
                    "no Maven is there to fetch the demo's corpus",
                    maven.toString(),
                    "Start the demo by ./tanren, which finds one, or set TANREN_MAVEN.");
        }
        Path log = folder.resolve(artifact.fileName() + ".log");
        ProcessBuilder command =
                new ProcessBuilder(
                        List.of(
                                maven.toString(),
                                "-q",
                                "-B",
                                COPY,
                                "-Dartifact=" + artifact.coordinates(),
                                "-DoutputDirectory=" + folder,
                                "-Dmdep.useBaseVersion=true"));
        command.directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
        Process process = command.start();
        boolean ended;
        try {
            ended = process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES);
        } finally {
            process.destroy();
        }
        if (!ended || process.exitValue() != 0) {
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "Maven did not get " + artifact.coordinates() + ": " + tail(log),
                    log.toString(),
                    "Look whether this machine reaches its Maven repository, or give your own"
                            + " folder with --corpus.");
        }
        Files.deleteIfExists(log);
    }

    private static String tail(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
        return lines.stream()
                .filter(line -> line.startsWith("[ERROR]"))
                .findFirst()
                .orElse("it said nothing");
    }
}
