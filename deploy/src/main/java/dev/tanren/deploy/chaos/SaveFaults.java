package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What can happen to a checkpoint while it is written, and after.
final class SaveFaults {

    private static final int STEPS = 80;
    private static final String STORE = "objects";
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private SaveFaults() {}

    /// Passes when no part of a checkpoint is listed or left.
    static void rankKilledDuringASave(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-in-save", STEPS);
        long step = awaitSaveUnderWay(laboratory, id);
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
        nothingIsLeft(laboratory, findings, id);
    }

    /// The store is kept away for long enough that a person may look. Passes when the save is made
    /// again and nothing truncated is left.
    static void storeKilledDuringASave(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-store", STEPS);
        laboratory.part(STORE);
        long step = awaitSaveUnderWay(laboratory, id);
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
        nothingIsLeft(laboratory, findings, id);
    }

    /// The newest checkpoint is damaged and then needed. Passes when the one before it is used.
    static void bitFlipped(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("damaged-shard", STEPS);
        long before = laboratory.awaitStep(id, 25 + laboratory.random().nextInt(10)).step();
        laboratory.pause(id);
        JsonNode newest =
                laboratory.api().get("/runs/" + id + "/checkpoints").path("items").path(0);
        long step = newest.path("step").asLong();
        Path shard = shardsOf(laboratory, id, step).getFirst();
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

    private static Path folder(Laboratory laboratory, String id) {
        String end = "runs/" + id + "/" + ChaosPlan.STAGE + "/checkpoints";
        try (Stream<Path> folders = Files.walk(laboratory.home().objects(), 8)) {
            return folders.filter(path -> path.endsWith(end))
                    .findFirst()
                    .orElse(laboratory.home().objects().resolve(end));
        } catch (IOException | UncheckedIOException changing) {
            return laboratory.home().objects().resolve(end);
        }
    }

    /// A step with shards in the store and no manifest, as often as the disk can be asked.
    private static long awaitSaveUnderWay(Laboratory laboratory, String id)
            throws InterruptedException {
        laboratory.awaitStep(id, 5 + laboratory.random().nextInt(20));
        Path folder =
                laboratory.await(
                        "the first checkpoint of " + id,
                        LIMIT,
                        () -> Optional.of(folder(laboratory, id)).filter(Files::isDirectory));
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end) {
            Optional<Path> partial = steps(folder).filter(SaveFaults::isPartial).findFirst();
            if (partial.isPresent()) {
                return Long.parseLong(partial.get().getFileName().toString());
            }
            Thread.sleep(1);
        }
        throw new IllegalStateException("no save of " + id + " was seen under way");
    }

    private static Stream<Path> steps(Path folder) {
        return list(folder).stream();
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        } catch (IOException | UncheckedIOException changing) {
            return List.of();
        }
    }

    private static boolean isPartial(Path step) {
        List<String> names =
                list(step).stream().map(file -> file.getFileName().toString()).toList();
        return names.stream().anyMatch(name -> name.endsWith(".safetensors"))
                && names.stream().noneMatch(name -> name.startsWith("manifest"));
    }

    private static void nothingIsLeft(Laboratory laboratory, Findings findings, String id) {
        List<Path> partial = steps(folder(laboratory, id)).filter(SaveFaults::isPartial).toList();
        findings.check("no part of a checkpoint is left", partial.isEmpty(), partial);
    }

    /// Of the newest checkpoint that is committed.
    static List<Path> newestShards(Laboratory laboratory, String id) {
        JsonNode newest =
                laboratory.api().get("/runs/" + id + "/checkpoints").path("items").path(0);
        return shardsOf(laboratory, id, newest.path("step").asLong());
    }

    private static List<Path> shardsOf(Laboratory laboratory, String id, long step) {
        Path folder = folder(laboratory, id).resolve("%010d".formatted(step));
        return list(folder).stream()
                .filter(file -> file.getFileName().toString().endsWith(".safetensors"))
                .toList();
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
