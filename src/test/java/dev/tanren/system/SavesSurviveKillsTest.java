package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// A checkpoint is there as a whole or not at all, whoever dies while it is saved, and an attempt
/// that was given up can commit nothing.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SavesSurviveKillsTest {

    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final Duration END_OF_RANKS = Duration.ofSeconds(10);
    private static final String STAGE = "adapt";
    private static final ObjectMapper JSON = new ObjectMapper();

    private EmbeddedStack stack;
    private RunClient runs;
    private String uninterrupted;

    @BeforeAll
    void trainsOnceWithoutDisturbance() throws Exception {
        stack = EmbeddedStack.start(2);
        runs = new RunClient(stack);
        String id = runs.submit(SmallPlans.curriculum("undisturbed", 2));
        runs.awaitSuccess(id, LIMIT);
        uninterrupted = runs.finalHash(id, STAGE);
    }

    @AfterAll
    void stopsWhatItStarted() throws Exception {
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void aRankKilledDuringASaveLeavesNoPartOfACheckpointBehind() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("killed-in-save", 2));
        List<Long> workers = workers();

        for (long after : List.of(10L, 30L, 60L)) {
            long saving = awaitSaveUnderWay(id, after);
            List<Long> ranks = RunClient.ranksOf(atWork(workers));
            EmbeddedStack.kill9(ranks.getLast());
            assertThatEnd(ranks);
            assertThat(committed(id)).as("step %d was being saved", saving).isNotEmpty();
        }

        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThat(runs.run(id).path("attempts")).hasSizeGreaterThan(3);
        assertThatGangsWereTriedOnTheirWorkerOnceMore(id);
        assertThatTheStoreHoldsEachStepOnce(id);
        assertThatEveryCheckpointVerifies(id);
    }

    @Test
    void aWorkerKilledDuringASaveLeavesNoPartOfACheckpointBehind() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("killed-worker-in-save", 2));
        List<Long> workers = workers();
        awaitSaveUnderWay(id, 20);
        long worker = atWork(workers);
        List<Long> ranks = RunClient.ranksOf(worker);

        EmbeddedStack.kill9(worker);

        assertThatEnd(ranks);
        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThatTheStoreHoldsEachStepOnce(id);
        assertThatEveryCheckpointVerifies(id);
    }

    /// The ranks of a worker that hangs go on and save; another worker has taken over meanwhile.
    @Test
    void aWorkerThatHungPastItsTimeoutCommitsNothingWhenItGoesOn() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("hung-worker", 2));
        List<Long> workers = workers();
        runs.awaitStep(id, STAGE, 15, LIMIT);
        long worker = atWork(workers);
        List<Long> ranks = RunClient.ranksOf(worker);
        EmbeddedStack.signal("STOP", worker);
        Instant takenOver;
        try {
            runs.awaitThat("another worker takes over", LIMIT, () -> attempts(id).size() > 1);
            takenOver = Instant.parse(attempts(id).get(1).path("startedAt").asText());
        } finally {
            EmbeddedStack.signal("CONT", worker);
        }

        assertThatEnd(ranks);
        Map<Long, String> manifests = new TreeMap<>();
        await("the run ends")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(200))
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(
                        () -> {
                            committed(id)
                                    .forEach(
                                            it ->
                                                    assertThatOneAttemptWrote(
                                                            it, manifests, takenOver));
                            return runs.status(id).equals("succeeded");
                        });
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThat(attempts(id).getFirst().path("status").asText()).isIn("superseded", "preempted");
        assertThatTheStoreHoldsEachStepOnce(id);
        assertThatEveryCheckpointVerifies(id);
    }

    /// On the same worker after a crash, and on the other one after the second in a row.
    private void assertThatGangsWereTriedOnTheirWorkerOnceMore(String id) {
        List<JsonNode> attempts = attempts(id);
        String crashedOn = "";
        int inARow = 0;
        for (JsonNode attempt : attempts) {
            String worker = attempt.path("worker").asText();
            if (inARow == 1) {
                assertThat(worker).as("%s", attempts).isEqualTo(crashedOn);
            } else if (inARow == 2) {
                assertThat(worker).as("%s", attempts).isNotEqualTo(crashedOn);
            }
            boolean crashed = attempt.path("failureClass").asText().equals("RANK_CRASHED");
            inARow = !crashed ? 0 : worker.equals(crashedOn) ? inARow + 1 : 1;
            crashedOn = crashed ? worker : "";
        }
    }

    private static void assertThatOneAttemptWrote(
            JsonNode checkpoint, Map<Long, String> manifests, Instant takenOver) {
        String key = checkpoint.path("manifestKey").asText();
        assertThat(manifests.merge(checkpoint.path("step").asLong(), key, (first, second) -> first))
                .isEqualTo(key);
        if (checkpoint.path("attempt").asInt() == 1) {
            assertThat(Instant.parse(checkpoint.path("committedAt").asText()))
                    .as("%s", checkpoint)
                    .isBefore(takenOver);
        }
    }

    /// Waits for a step that has shards in the object store and no manifest.
    private long awaitSaveUnderWay(String id, long after) throws Exception {
        runs.awaitStep(id, STAGE, after, LIMIT);
        Path folder =
                await("the first checkpoint of " + id)
                        .atMost(LIMIT)
                        .ignoreExceptions()
                        .until(() -> checkpointsOf(id), Optional::isPresent)
                        .orElseThrow();
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end) {
            long newest = newest(folder);
            if (newest > after && isPartial(folder.resolve("%010d".formatted(newest)))) {
                return newest;
            }
            Thread.sleep(1);
        }
        throw new AssertionError("no save of " + id + " was seen under way after step " + after);
    }

    private Optional<Path> checkpointsOf(String id) throws IOException {
        try (Stream<Path> folders = Files.walk(stack.home().resolve("objects"), 8)) {
            return folders.filter(
                            path -> path.endsWith("runs/" + id + "/" + STAGE + "/checkpoints"))
                    .findFirst();
        }
    }

    private static long newest(Path folder) throws IOException {
        try (Stream<Path> steps = Files.list(folder)) {
            return steps.mapToLong(step -> Long.parseLong(step.getFileName().toString()))
                    .max()
                    .orElse(0);
        }
    }

    private static boolean isPartial(Path step) throws IOException {
        try (Stream<Path> files = Files.list(step)) {
            List<String> names = files.map(file -> file.getFileName().toString()).toList();
            return names.stream().anyMatch(name -> name.endsWith(".safetensors"))
                    && names.stream().noneMatch(name -> name.startsWith("manifest"));
        }
    }

    /// Of every step there is one attempt's manifest, the shards that it names and its copy under
    /// the known name, and nothing of the attempts that died.
    private void assertThatTheStoreHoldsEachStepOnce(String id) throws IOException {
        Path folder = checkpointsOf(id).orElseThrow();
        Map<String, Set<String>> expected = new TreeMap<>();
        for (JsonNode checkpoint : committed(id)) {
            String key = checkpoint.path("manifestKey").asText();
            Path step = folder.resolve("%010d".formatted(checkpoint.path("step").asLong()));
            String manifest = key.substring(key.lastIndexOf('/') + 1);
            assertThat(step.resolve("manifest.json"))
                    .hasSameBinaryContentAs(step.resolve(manifest));
            Set<String> names = new TreeSet<>(Set.of("manifest.json", manifest));
            for (JsonNode shard : JSON.readTree(step.resolve(manifest).toFile()).path("shards")) {
                names.add(step.relativize(folder.resolve(relative(shard, id))).toString());
            }
            expected.put(step.getFileName().toString(), names);
        }
        assertThat(expected).isNotEmpty();
        assertThat(filesIn(folder)).isEqualTo(expected);
    }

    private static String relative(JsonNode shard, String id) {
        String checkpoints = "runs/" + id + "/" + STAGE + "/checkpoints/";
        assertThat(shard.path("key").asText()).startsWith(checkpoints);
        return shard.path("key").asText().substring(checkpoints.length());
    }

    private static Map<String, Set<String>> filesIn(Path folder) throws IOException {
        Map<String, Set<String>> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            files.filter(Files::isRegularFile)
                    .map(folder::relativize)
                    .forEach(
                            file ->
                                    found.computeIfAbsent(
                                                    file.getName(0).toString(),
                                                    step -> new TreeSet<>())
                                            .add(file.subpath(1, file.getNameCount()).toString()));
        }
        return found;
    }

    private void assertThatEveryCheckpointVerifies(String id) throws IOException {
        for (JsonNode checkpoint : committed(id)) {
            stack.api()
                    .contentType("application/json")
                    .body("{}")
                    .post(
                            "runs/{id}/checkpoints/{stage}/{step}/verify",
                            id,
                            STAGE,
                            checkpoint.path("step").asLong())
                    .then()
                    .statusCode(200);
        }
    }

    private List<JsonNode> committed(String id) {
        return list(runs.get("runs/" + id + "/checkpoints").path("items"));
    }

    private List<JsonNode> attempts(String id) {
        return list(runs.run(id).path("attempts"));
    }

    private static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    /// Asked for beforehand: it takes a second, in which many a save is over and a phase may end.
    private List<Long> workers() throws Exception {
        return List.of(stack.processId("worker-1"), stack.processId("worker-2"));
    }

    private static long atWork(List<Long> workers) {
        return workers.stream()
                .filter(worker -> RunClient.ranksOf(worker).size() == 2)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no worker has ranks"));
    }

    private static void assertThatEnd(List<Long> ranks) {
        assertThat(ranks).isNotEmpty();
        await("ranks " + ranks + " end")
                .atMost(END_OF_RANKS)
                .until(
                        () ->
                                ranks.stream()
                                        .flatMap(pid -> ProcessHandle.of(pid).stream())
                                        .noneMatch(ProcessHandle::isAlive));
    }
}
