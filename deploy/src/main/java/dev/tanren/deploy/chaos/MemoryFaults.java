package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.safetensors.SafetensorsFile;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What can happen to the numbers of a rank without a word.
final class MemoryFaults {

    private static final int STEPS = 80;

    /// An update of the optimizer that is under way writes over what it has read before.
    private static final int TRIES = 3;

    private static final int MANTISSA_BITS = 23;
    private static final Duration FOUND = Duration.ofSeconds(30);
    private static final String EMBEDDING = "model.embed_tokens.weight";

    /// The vocabulary has one token more than the data: without weight decay its row of the
    /// embedding never changes, and is found in a process by its bytes.
    private static final int UNSEEN = ChaosPlan.VOCABULARY;

    private MemoryFaults() {}

    /// Changes one bit of rank 1's weights, in the mantissa, so that no loss tells of it. Passes
    /// when the ranks find it before the next checkpoint, and the run ends as if it had not been.
    static void bitFlipped(Laboratory laboratory, Findings findings) throws InterruptedException {
        String twin = laboratory.undisturbed(STEPS, MemoryFaults::plan);
        String id = laboratory.submitText(plan(laboratory.plan("flipped-bit", STEPS)));
        long before =
                laboratory
                        .awaitStep(
                                id,
                                ChaosPlan.STEPS_BETWEEN_SAVES
                                        + 2L
                                        + laboratory.random().nextInt(10))
                        .step();
        byte[] unseen = unseenRow(laboratory, id);
        Instant fault = Instant.now();
        boolean found = false;
        for (int tries = 0; tries < TRIES && !found; tries++) {
            flip(laboratory, laboratory.awaitRanks().getLast(), unseen);
            found = laboratory.comesAbout(FOUND, () -> laboratory.run(id).attempts().size() > 1);
        }
        findings.check(
                "it is found at the next save",
                found,
                laboratory.run(id).attempts().size() + " attempts");
        new OnCall(laboratory, findings)
                .expect(
                        "after it was found",
                        id,
                        fault,
                        before,
                        Telling.ofAttempt(
                                FaultClass.RANK_CRASHED,
                                ErrorCode.REPLICAS_DIFFER,
                                "copies of the state differ",
                                "memory"));
        RunView ended = new Aftermath(laboratory, findings).of(id, twin, STEPS);
        long lost =
                ended.attempts().stream()
                        .mapToLong(attempt -> attempt.path("stepsRecomputed").asLong())
                        .sum();
        findings.check(
                "no more is computed again than the steps between two saves",
                lost <= 2L * ChaosPlan.STEPS_BETWEEN_SAVES,
                lost + " steps");
    }

    private static String plan(String usual) {
        return usual.replace("vocabSize: " + UNSEEN, "vocabSize: " + (UNSEEN + 1))
                .replace("learningRate: 1e-3", "learningRate: 1e-3, weightDecay: 0");
    }

    private static byte[] unseenRow(Laboratory laboratory, String id) {
        StoredCheckpoints stored = new StoredCheckpoints(laboratory, id);
        for (Path shard : stored.shards(stored.newest())) {
            try (SafetensorsFile tensors = SafetensorsFile.open(shard)) {
                var embedding = tensors.find(EMBEDDING);
                if (embedding.isPresent()) {
                    long width = embedding.get().shape().get(1) * Float.BYTES;
                    return embedding
                            .get()
                            .bytes()
                            .asSlice(UNSEEN * width, width)
                            .toArray(ValueLayout.JAVA_BYTE);
                }
            }
        }
        throw new IllegalStateException("no shard of " + id + " has " + EMBEDDING);
    }

    /// Of the row before, which is of a token that is in the data. The rank is stopped meanwhile,
    /// for less than makes it one that hangs.
    private static void flip(Laboratory laboratory, long rank, byte[] unseen)
            throws InterruptedException {
        int number = laboratory.random().nextInt(unseen.length / Float.BYTES);
        int bit = laboratory.random().nextInt(MANTISSA_BITS);
        RankMemory memory = new RankMemory(rank);
        laboratory.signal("STOP", rank);
        try {
            List<Long> places = memory.find(unseen);
            for (long place : places) {
                memory.flip(place - unseen.length + (long) number * Float.BYTES, bit);
            }
            laboratory.say(
                    "bit %d of a weight of rank 1, process %d, is changed in %d places"
                            .formatted(bit, rank, places.size()));
        } catch (UncheckedIOException gone) {
            laboratory.say("process %d had ended".formatted(rank));
        } finally {
            laboratory.signal("CONT", rank);
        }
    }
}
