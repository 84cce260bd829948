package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/// The checkpoints of a run as the stack's object store has them on its disk.
///
/// @param run its id
record StoredCheckpoints(Laboratory laboratory, String run) {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String SHARD = ".safetensors";
    private static final String MANIFEST = "manifest";

    /// One folder for each step.
    Path folder() {
        Path objects = laboratory.home().objects();
        String end = "runs/" + run + "/" + ChaosPlan.STAGE + "/checkpoints";
        try (Stream<Path> folders = Files.walk(objects, 8)) {
            return folders.filter(path -> path.endsWith(end))
                    .findFirst()
                    .orElse(objects.resolve(end));
        } catch (IOException | UncheckedIOException changing) {
            return objects.resolve(end);
        }
    }

    /// Step of the newest one that is committed.
    long newest() {
        return committed().path(0).path("step").asLong();
    }

    List<Path> shards(long step) {
        return list(folder().resolve("%010d".formatted(step))).stream()
                .filter(file -> name(file).endsWith(SHARD))
                .toList();
    }

    /// Waits for a step with shards and without a manifest, asking the disk as often as it can be.
    long awaitSaveUnderWay() throws InterruptedException {
        laboratory.awaitStep(run, 5 + laboratory.random().nextInt(20));
        Path folder =
                laboratory.await(
                        "the first checkpoint of " + run,
                        LIMIT,
                        () -> Optional.of(folder()).filter(Files::isDirectory));
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end) {
            Optional<Path> partial =
                    list(folder).stream().filter(StoredCheckpoints::isPartial).findFirst();
            if (partial.isPresent()) {
                return Long.parseLong(name(partial.get()));
            }
            Thread.sleep(1);
        }
        throw new IllegalStateException("no save of " + run + " was seen under way");
    }

    private static boolean isPartial(Path step) {
        List<String> names = list(step).stream().map(StoredCheckpoints::name).toList();
        return names.stream().anyMatch(name -> name.endsWith(SHARD))
                && names.stream().noneMatch(name -> name.startsWith(MANIFEST));
    }

    /// Steps whose files are not the manifest of one attempt, its copy under the known name and the
    /// shards that it names: parts of saves that were not committed among them.
    List<String> unexpected() {
        Map<String, Set<String>> expected = expected();
        Map<String, Set<String>> found = files();
        Set<String> steps = new TreeSet<>(expected.keySet());
        steps.addAll(found.keySet());
        return steps.stream()
                .filter(step -> !found.getOrDefault(step, Set.of()).equals(expected.get(step)))
                .map(step -> step + " has " + found.get(step) + ", not " + expected.get(step))
                .toList();
    }

    private Map<String, Set<String>> expected() {
        Path folder = folder();
        Map<String, Set<String>> expected = new TreeMap<>();
        for (JsonNode checkpoint : committed()) {
            Path step = folder.resolve("%010d".formatted(checkpoint.path("step").asLong()));
            String key = checkpoint.path("manifestKey").asText();
            String manifest = key.substring(key.lastIndexOf('/') + 1);
            Set<String> names = new TreeSet<>(Set.of(manifest, MANIFEST + ".json"));
            for (JsonNode shard : read(step.resolve(manifest)).path("shards")) {
                Path file = folder.resolve(Path.of(after(shard.path("key").asText())));
                names.add(step.relativize(file).toString());
            }
            expected.put(name(step), names);
        }
        return expected;
    }

    private static String after(String key) {
        String checkpoints = "/checkpoints/";
        return key.substring(key.indexOf(checkpoints) + checkpoints.length());
    }

    private Map<String, Set<String>> files() {
        Path folder = folder();
        Map<String, Set<String>> found = new TreeMap<>();
        for (Path step : list(folder)) {
            try (Stream<Path> files = Files.walk(step)) {
                files.filter(Files::isRegularFile)
                        .forEach(
                                file ->
                                        found.computeIfAbsent(name(step), it -> new TreeSet<>())
                                                .add(step.relativize(file).toString()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return found;
    }

    private JsonNode committed() {
        return laboratory.api().get("/runs/" + run + "/checkpoints").path("items");
    }

    private static JsonNode read(Path file) {
        try {
            return Json.mapper().readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        } catch (IOException | UncheckedIOException changing) {
            return List.of();
        }
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }
}
