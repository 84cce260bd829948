package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// The promise of the product: a run that was killed ends with the bits of one that was not.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RunSurvivesKillsTest {

    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final String STAGE = "adapt";

    private EmbeddedStack stack;
    private RunClient runs;
    private String uninterrupted;

    @BeforeAll
    void trainsOnceWithoutDisturbance() throws Exception {
        stack = EmbeddedStack.start();
        runs = new RunClient(stack);
        String id = runs.submit(SmallPlans.curriculumWithGate("undisturbed", 2));
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
    void oneRankAndFourRanksEndWithTheBitsOfTwo() throws Exception {
        String one = runs.submit(SmallPlans.curriculum("one-rank", 1));
        runs.awaitSuccess(one, LIMIT);
        String four = runs.submit(SmallPlans.curriculum("four-ranks", 4));
        runs.awaitSuccess(four, LIMIT);

        assertThat(runs.finalHash(one, STAGE)).isEqualTo(uninterrupted);
        assertThat(runs.finalHash(four, STAGE)).isEqualTo(uninterrupted);
    }

    @Test
    void aRunWhoseRanksAreKilledEndsWithTheSameBits() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of the kills: " + seed);
        Random random = new Random(seed);
        String id = runs.submit(SmallPlans.curriculum("killed-ranks", 2));
        long worker = stack.processId("worker");

        for (int kill = 0; kill < 3; kill++) {
            runs.awaitStep(id, STAGE, 15 + kill * 30L + random.nextInt(20), LIMIT);
            List<Long> ranks = runs.awaitRanks(worker, LIMIT);
            EmbeddedStack.kill9(ranks.get(random.nextInt(ranks.size())));
        }

        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThat(attempts(id)).hasSizeGreaterThan(2);
        assertThatNoStepIsDoubled(id);
    }

    /// A stopped process keeps its connections, so its peer waits for it for ever.
    @Test
    void aStoppedRankIsFoundAndNamedAndTheRunEndsWithTheSameBits() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("stopped-rank", 2));
        long worker = stack.processId("worker");
        runs.awaitStep(id, STAGE, 15, LIMIT);
        long victim = runs.awaitRanks(worker, LIMIT).getLast();

        EmbeddedStack.signal("STOP", victim);

        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThat(attempts(id))
                .filteredOn(attempt -> attempt.path("failureClass").asText().equals("HUNG"))
                .singleElement()
                .satisfies(
                        attempt ->
                                assertThat(attempt.toString())
                                        .contains(
                                                "no sign of work from rank",
                                                "T (stopped)",
                                                "TNR-5003"));
    }

    /// Every step of it takes longer than the 10 s that once were the limit.
    @Test
    void aStepOfTensOfSecondsIsNoHang() throws Exception {
        String id = runs.submit(SmallPlans.slowSteps());

        runs.awaitSuccess(id, LIMIT);
        assertThat(attempts(id)).hasSize(1);
    }

    @Test
    void aRunWhoseWorkerIsKilledLosesItsRanksAndEndsWithTheSameBits() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("killed-worker", 2));
        // Beforehand: asking takes a second, in which the phase may end.
        long worker = stack.processId("worker");
        runs.awaitStep(id, STAGE, 35, LIMIT);
        List<Long> ranks = RunClient.ranksOf(worker);

        EmbeddedStack.kill9(worker);

        assertThat(ranks).isNotEmpty();
        await("ranks die with their worker")
                .atMost(Duration.ofSeconds(5))
                .until(
                        () ->
                                ranks.stream()
                                        .flatMap(pid -> ProcessHandle.of(pid).stream())
                                        .noneMatch(ProcessHandle::isAlive));
        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThat(attempts(id))
                .filteredOn(attempt -> attempt.path("failureClass").asText().equals("PREEMPTED"))
                .singleElement()
                .satisfies(
                        attempt ->
                                assertThat(attempt.toString())
                                        .contains(
                                                "preempted",
                                                "TNR-5002",
                                                "was last heard of at",
                                                "its ranks had finished step"));
    }

    @Test
    void aPausedRunHoldsNoRankAndGoesOnWithoutLosingAStep() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("paused", 2));
        runs.awaitStep(id, STAGE, 23, LIMIT);

        runs.act(id, "pause");
        runs.awaitStatus(id, "paused", LIMIT);

        assertThat(RunClient.ranksOf(stack.processId("worker"))).isEmpty();
        JsonNode recovery = runs.get("runs/" + id + "/recovery");
        assertThat(recovery.path("stepsLost").asLong()).as("%s", recovery).isZero();

        runs.act(id, "resume");
        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
    }

    /// Wherever the run is: between attempts, while one begins, while ranks start, train or save.
    @Test
    void everyPauseAndEveryResumeIsTakenAndTheRunEndsWithTheSameBits() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of the pauses: " + seed);
        Random random = new Random(seed);
        String id = runs.submit(SmallPlans.curriculum("paused-often", 2));
        runs.awaitStatus(id, "running", LIMIT);

        for (int time = 0; time < 20; time++) {
            runs.act(id, "pause");
            Thread.sleep(random.nextInt(500));
            runs.act(id, "resume");
            Thread.sleep(random.nextInt(1_000));
        }

        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
    }

    @Test
    void aCancelledRunStopsAndARetryGoesOnFromItsLastCheckpoint() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("cancelled", 2));
        runs.awaitStep(id, STAGE, 25, LIMIT);

        runs.act(id, "cancel");
        runs.awaitStatus(id, "cancelled", LIMIT);
        assertThat(RunClient.ranksOf(stack.processId("worker"))).isEmpty();

        runs.act(id, "retry");
        runs.awaitThat("the retry is begun", LIMIT, () -> !runs.status(id).equals("cancelled"));
        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
    }

    @Test
    void aRetryAfterItsSourcesChangedEndsWithTheBitsOfWhatTheRunBeganWith() throws Exception {
        Path own = Files.createDirectories(stack.home().resolve("data/changing"));
        Path root = EmbeddedStack.root();
        Path tokenizer = own.resolve("tokenizer.json");
        Files.copy(root.resolve("deploy/src/main/resources/corpus/tokenizer.json"), tokenizer);
        List<Path> prose = copyMarkdown(root.resolve("docs"), own.resolve("docs"));
        String id =
                runs.submit(
                        SmallPlans.curriculum("changed-sources", 2)
                                .replace(root + "/docs", own + "/docs")
                                .replace(
                                        root + "/deploy/src/main/resources/corpus/tokenizer.json",
                                        tokenizer.toString()));
        runs.awaitStep(id, STAGE, 25, LIMIT);
        runs.act(id, "cancel");
        runs.awaitStatus(id, "cancelled", LIMIT);

        Files.writeString(prose.getFirst(), "one line more\n", StandardOpenOption.APPEND);
        Files.delete(prose.getLast());
        Files.writeString(tokenizer, "{}");
        assertThat(runs.get("runs/" + id + "/recovery").path("summary").asText())
                .contains("Trains on what was prepared when the run began");

        runs.act(id, "retry");
        runs.awaitThat("the retry is begun", LIMIT, () -> !runs.status(id).equals("cancelled"));
        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
    }

    private static List<Path> copyMarkdown(Path from, Path to) throws IOException {
        List<Path> copies = new ArrayList<>();
        try (var files = Files.walk(from)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".md")).sorted().toList()) {
                Path copy = to.resolve(from.relativize(file));
                Files.createDirectories(copy.resolveSibling("."));
                copies.add(Files.copy(file, copy));
            }
        }
        return copies;
    }

    @Test
    void everyOtherPartMayBeKilledWhileARunGoesOn() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("killed-parts", 2));
        for (String part : List.of("temporal", "postgres", "objects", "control-plane")) {
            long before = runs.step(id, STAGE);
            EmbeddedStack.kill9(stack.processId(part));
            runs.awaitThat(
                    part + " is restarted and the run goes on",
                    Duration.ofMinutes(2),
                    () -> runs.step(id, STAGE) > before + 3 || runs.status(id).equals("succeeded"));
        }
        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
    }

    /// The worker's beats find no answer for longer than the heartbeat timeout. Nothing can take
    /// over while Temporal is away, so what its ranks have done is saved and counts.
    @Test
    void aTemporalThatHangsCostsAnAttemptButNoStep() throws Exception {
        String id = runs.submit(SmallPlans.curriculum("hung-temporal", 2));
        long worker = stack.processId("worker");
        long temporal = stack.processId("temporal");
        runs.awaitStep(id, STAGE, 25, LIMIT);
        EmbeddedStack.signal("STOP", temporal);
        try {
            runs.awaitThat(
                    "the ranks save and end",
                    Duration.ofMinutes(2),
                    () -> RunClient.ranksOf(worker).isEmpty());
        } finally {
            EmbeddedStack.signal("CONT", temporal);
        }

        runs.awaitSuccess(id, LIMIT);
        assertThat(runs.finalHash(id, STAGE)).isEqualTo(uninterrupted);
        assertThat(attempts(id))
                .hasSizeGreaterThan(1)
                .allSatisfy(
                        attempt -> assertThat(attempt.path("stepsRecomputed").asLong()).isZero());
    }

    private List<JsonNode> attempts(String id) {
        return StreamSupport.stream(runs.run(id).path("attempts").spliterator(), false).toList();
    }

    private void assertThatNoStepIsDoubled(String id) throws IOException {
        JsonNode metrics = runs.get("runs/" + id + "/metrics?stage=" + STAGE + "&points=10000");
        List<Long> steps =
                StreamSupport.stream(metrics.path("steps").spliterator(), false)
                        .map(JsonNode::asLong)
                        .toList();
        assertThat(steps).hasSize(120).doesNotHaveDuplicates().isSorted();
    }
}
