package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.RunView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/// What can happen to a checkpoint while it is written, and after.
final class SaveFaults {

    private static final int STEPS = 80;
    private static final String STORE = "objects";

    private SaveFaults() {}

    /// Passes when no part of a checkpoint is listed or left.
    static void rankKilledDuringASave(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-in-save", STEPS);
        long step = new StoredCheckpoints(laboratory, id).awaitSaveUnderWay();
        List<Long> ranks = laboratory.ranks();
        Instant fault = Instant.now();
        if (!ranks.isEmpty()) {
            laboratory.signal("KILL", ranks.getLast());
        }
        laboratory.say("kill -9 of a rank while step %d was being saved".formatted(step));
        findings.check("a rank was there to be killed", !ranks.isEmpty(), ranks.size() + " ranks");
        new OnCall(laboratory, findings)
                .expect(
                        "after the kill",
                        id,
                        fault,
                        step - ChaosPlan.STEPS_BETWEEN_SAVES,
                        RankKills.ofKilledRank(ranks.size() - 1));
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    /// The store is kept away for long enough that a person may look. Passes when the save is made
    /// again and nothing truncated is left.
    static void storeKilledDuringASave(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-store", STEPS);
        laboratory.part(STORE);
        long step = new StoredCheckpoints(laboratory, id).awaitSaveUnderWay();
        laboratory.say("kill -9 of the object store while step %d was being saved".formatted(step));
        new OnCall(laboratory, findings)
                .expectWhileAway(
                        STORE,
                        id,
                        step - ChaosPlan.STEPS_BETWEEN_SAVES,
                        Telling.ofPart(
                                FaultClass.STORAGE,
                                "the object store",
                                "the object store is away",
                                "wait"));
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    /// The newest checkpoint is damaged and then needed. Passes when the one before it is used.
    static void bitFlipped(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("damaged-shard", STEPS);
        long before = laboratory.awaitStep(id, 25 + laboratory.random().nextInt(10)).step();
        laboratory.pause(id);
        StoredCheckpoints stored = new StoredCheckpoints(laboratory, id);
        long step = stored.newest();
        Path shard = stored.shards(step).getFirst();
        flip(shard, laboratory.random().nextInt((int) size(shard)));
        laboratory.say("a bit of the checkpoint of step %d is changed".formatted(step));
        Instant fault = Instant.now();
        laboratory.resume(id);
        new OnCall(laboratory, findings)
                .expect(
                        "after the resume",
                        id,
                        fault,
                        before,
                        Telling.ofDamage("checkpoint of step " + step, "does not verify"));
        RunView ended = new Aftermath(laboratory, findings).of(id, STEPS);
        long resumed =
                ended.attempts().stream()
                        .mapToLong(attempt -> attempt.path("resumeStep").asLong())
                        .filter(from -> from > 0)
                        .findFirst()
                        .orElse(-1);
        String listed = laboratory.api().get("/runs/" + id + "/checkpoints").toString();
        findings.check(
                "it is listed as quarantined",
                listed.contains("quarantined"),
                listed.contains("quarantined") ? "yes" : listed);
        findings.check(
                "the checkpoint before it was used",
                resumed > 0 && resumed < step,
                "step " + resumed);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flip(Path file, long at) {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            int old = bytes.read();
            bytes.seek(at);
            bytes.write(old ^ 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
