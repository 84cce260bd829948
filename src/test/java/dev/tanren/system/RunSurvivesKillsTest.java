package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
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
    private String twin = "";

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

    /// Every step of it takes longer than the 10 s that once were the limit.
    @Test
    void aStepOfTensOfSecondsIsNoHang() throws Exception {
        String id = runs.submit(SmallPlans.slowSteps(stack.home().resolve("data")));

        runs.awaitSuccess(id, LIMIT);
        assertThat(attempts(id)).hasSize(1);
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

    /// The run has no end that could be taken for going on, and steps count only once the part is
    /// back.
    @Test
    void everyOtherPartMayBeKilledWhileARunGoesOn() throws Exception {
        String id = runs.submit(SmallPlans.unending("killed-parts"));
        runs.awaitStep(id, STAGE, 3, LIMIT);

        for (String part : List.of("temporal", "postgres", "objects", "control-plane")) {
            long killed = stack.processId(part);
            EmbeddedStack.kill9(killed);
            runs.awaitThat(
                    part + " is back", Duration.ofMinutes(2), () -> stack.isBack(part, killed));
            AtomicLong back = new AtomicLong();
            runs.awaitThat(
                    "the run is read again",
                    LIMIT,
                    () -> {
                        back.set(runs.step(id, STAGE));
                        return runs.status(id).equals("running");
                    });
            runs.awaitThat(
                    "steps are made after " + part + " is back",
                    Duration.ofMinutes(2),
                    () -> runs.step(id, STAGE) > back.get() + 3);
        }

        assertThatItsNextSaveHasTheSameBits(id);
    }

    /// The worker's beats find no answer for longer than the heartbeat timeout. Nothing can take
    /// over while Temporal is away, so what its ranks have done is saved and counts. The ranks
    /// cannot have come to an end of their own: thousands of steps are left.
    @Test
    void aTemporalThatHangsCostsAnAttemptButNoStep() throws Exception {
        String id = runs.submit(SmallPlans.unending("hung-temporal"));
        long worker = stack.processId("worker");
        long temporal = stack.processId("temporal");
        runs.awaitStep(id, STAGE, 25, LIMIT);
        runs.awaitRanks(worker, LIMIT);
        EmbeddedStack.signal("STOP", temporal);
        try {
            runs.awaitThat(
                    "the ranks save and end",
                    Duration.ofMinutes(2),
                    () -> RunClient.ranksOf(worker).isEmpty());
        } finally {
            EmbeddedStack.signal("CONT", temporal);
        }

        runs.awaitThat("another attempt begins", LIMIT, () -> attempts(id).size() > 1);
        long reached = attempts(id).getFirst().path("lastStep").asLong();
        runs.awaitThat(
                "the next attempt goes beyond it", LIMIT, () -> runs.step(id, STAGE) > reached);
        assertThat(attempts(id).getFirst().path("failureClass").asText())
                .as("%s", attempts(id))
                .isEqualTo("PREEMPTED");
        assertThat(attempts(id).getFirst().path("code").asText()).isEqualTo("TNR-5002");
        assertThatItsNextSaveHasTheSameBits(id);
        assertThat(attempts(id))
                .hasSizeGreaterThan(1)
                .allSatisfy(
                        attempt -> assertThat(attempt.path("stepsRecomputed").asLong()).isZero());
    }

    /// Lets a run that does not end go on to its next regular save, ends it, and compares that save
    /// with the one of a run that nothing happened to.
    private void assertThatItsNextSaveHasTheSameBits(String id) throws IOException {
        long between = SmallPlans.STEPS_BETWEEN_SAVES;
        long save = (runs.step(id, STAGE) / between + 1) * between;
        String hash = hashOfSave(id, save);
        runs.act(id, "cancel");
        runs.awaitStatus(id, "cancelled", LIMIT);
        String twin = undisturbedTwin();
        if (saved(twin, save).isEmpty()) {
            runs.act(twin, "resume");
            assertThat(hashOfSave(twin, save)).isEqualTo(hash);
            runs.act(twin, "pause");
            runs.awaitStatus(twin, "paused", LIMIT);
        }
        assertThat(hashOfSave(twin, save)).isEqualTo(hash);
    }

    /// Paused while nobody compares with it.
    private String undisturbedTwin() throws IOException {
        if (twin.isEmpty()) {
            twin = runs.submit(SmallPlans.unending("undisturbed-twin"));
            runs.awaitStep(twin, STAGE, 1, LIMIT);
            runs.act(twin, "pause");
            runs.awaitStatus(twin, "paused", LIMIT);
        }
        return twin;
    }

    private String hashOfSave(String id, long step) {
        runs.awaitThat("the save of step " + step, LIMIT, () -> !saved(id, step).isEmpty());
        return saved(id, step);
    }

    /// Hash over weights and optimizer state; empty while the step is not saved.
    private String saved(String id, long step) {
        for (JsonNode checkpoint : runs.get("runs/" + id + "/checkpoints").path("items")) {
            if (checkpoint.path("step").asLong() == step) {
                return checkpoint.path("weightsSha256").asText();
            }
        }
        return "";
    }

    private List<JsonNode> attempts(String id) {
        return StreamSupport.stream(runs.run(id).path("attempts").spliterator(), false).toList();
    }
}
