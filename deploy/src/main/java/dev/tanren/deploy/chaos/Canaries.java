package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.stack.Secrets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Looks for the stack's own secrets wherever something of a run is left: in Temporal's histories,
/// the database's files, logs, objects, the environment of ranks, and what the API answers.
final class Canaries {

    private static final int STEPS = 80;
    private static final Duration BACK = Duration.ofSeconds(60);

    private final Laboratory laboratory;
    private final Findings findings;
    private final SecretSearch search;

    private Canaries(Laboratory laboratory, Findings findings) {
        this.laboratory = laboratory;
        this.findings = findings;
        Secrets kept = Secrets.of(laboratory.home());
        Map<String, String> secrets = new LinkedHashMap<>();
        secrets.put("databasePassword", kept.databasePassword());
        secrets.put("superuserPassword", kept.superuserPassword());
        secrets.put("secretKey", kept.secretKey());
        secrets.put("adminToken", kept.adminToken());
        secrets.put("payloadKey", kept.payloadKeys().replaceFirst("^[^:]*:", ""));
        this.search = new SecretSearch(secrets);
    }

    /// A run is trained, its database is killed, and so is a rank, for the exceptions of it. Passes
    /// when no secret is found but in the files that keep them.
    static void looked(Laboratory laboratory, Findings findings) throws InterruptedException {
        Canaries canaries = new Canaries(laboratory, findings);
        String id = laboratory.submit("canaries", STEPS);
        laboratory.awaitStep(id, 10);
        List<Long> ranks = laboratory.awaitRanks();
        canaries.environments(ranks);
        laboratory.signal("KILL", laboratory.part("postgres"));
        laboratory.signal("KILL", ranks.getFirst());
        laboratory.comesAbout(BACK, () -> !laboratory.run(id).status().isEmpty());
        findings.check(
                "the run ends as succeeded",
                laboratory.awaitEnd(id).status().equals("succeeded"),
                laboratory.run(id).attempts().size() + " attempts");
        canaries.files();
        canaries.answers(id);
    }

    private void environments(List<Long> ranks) {
        List<String> wrong =
                ranks.stream()
                        .flatMap(rank -> search.wrongOfRank(Path.of("/proc/" + rank + "/environ")))
                        .toList();
        findings.check(
                "the environment of each rank is read, has keys of its run and no secret of the"
                        + " stack",
                wrong.isEmpty() && !ranks.isEmpty(),
                wrong.isEmpty() ? ranks.size() + " ranks" : wrong);
    }

    private void files() {
        Path home = laboratory.home().folder();
        Set<Path> keepers =
                Set.of(
                        laboratory.home().secretsFile(),
                        laboratory.home().adminToken(),
                        home.resolve("s3proxy.properties"));
        List<String> open =
                keepers.stream()
                        .map(keeper -> home.relativize(keeper) + " " + permissions(keeper))
                        .filter(keeper -> !keeper.endsWith(" rw-------"))
                        .toList();
        findings.check(
                "the files that keep secrets are their owner's alone",
                open.isEmpty(),
                open.isEmpty() ? keepers.size() + " files" : open);
        Map<String, List<String>> found = new TreeMap<>();
        long bytes = 0;
        for (Path file : all(home)) {
            if (!keepers.contains(file)) {
                List<String> here = search.in(file);
                bytes += size(file);
                if (!here.isEmpty()) {
                    found.put(home.relativize(file).toString(), here);
                }
            }
        }
        findings.check(
                "no other file holds a secret",
                found.isEmpty(),
                found.isEmpty() ? (bytes >> 20) + " MiB were read" : found);
        findings.check(
                "the search finds what is there",
                search.in(laboratory.home().secretsFile()).size() == search.secrets().size(),
                search.in(laboratory.home().secretsFile()));
    }

    private void answers(String id) {
        ApiClient api = laboratory.api();
        List<String> said = new ArrayList<>();
        for (String path :
                List.of("", "/diagnosis", "/recovery", "/metrics", "/checkpoints", "/artifacts")) {
            said.add(api.get("/runs/" + id + path).toString());
        }
        for (String path : List.of("/runs", "/workers", "/audit", "/tokens", "/attention")) {
            said.add(api.get(path).toString());
        }
        List<String> found = search.named(String.join("\n", said));
        findings.check(
                "no answer of the API holds a secret",
                found.isEmpty(),
                found.isEmpty() ? said.size() + " answers" : found);
    }

    private static List<Path> all(Path folder) {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                if (Files.isSymbolicLink(entry)) {
                    continue;
                }
                if (Files.isDirectory(entry)) {
                    files.addAll(all(entry));
                } else if (Files.isRegularFile(entry)) {
                    files.add(entry);
                }
            }
        } catch (NoSuchFileException gone) {
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    private static String permissions(Path file) {
        try {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException gone) {
            return 0;
        }
    }
}
