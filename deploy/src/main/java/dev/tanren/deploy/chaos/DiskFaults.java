package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.units.ByteSize;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Disks that have no room left, each for as long as a person looks.
final class DiskFaults {

    private static final int STEPS = 60;
    private static final int MOST_RETRIES = 3;
    private static final ByteSize SCRATCH = new ByteSize(64L << 20);
    private static final ByteSize PART = new ByteSize(256L << 20);
    private static final Duration STOPPED = Duration.ofMinutes(6);

    /// PostgreSQL's file that it has for as long as it runs.
    private static final String RUNNING = "postmaster.pid";

    private static final Duration NOTICED = Duration.ofSeconds(30);
    private static final Set<ErrorCode> COUNTED =
            Set.of(ErrorCode.DATABASE_FULL, ErrorCode.DATABASE_UNREACHABLE);

    private DiskFaults() {}

    /// The worker's, filled in the first phase: the second, whose ranks begin anew, has no room for
    /// what they are launched with. Passes when the run ends with that after few tries, its last
    /// checkpoint is whole, and a person who has made room and tries it again gets the bits of the
    /// undisturbed one.
    static void scratchFull(Laboratory laboratory, Findings findings) throws InterruptedException {
        SmallDisk disk = laboratory.smallDisk(laboratory.home().scratch("worker"), SCRATCH);
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("full-scratch", STEPS);
        long before = awaitStep(laboratory, id);
        Instant fault = Instant.now();
        try (SmallDisk.Ballast _ = disk.fill()) {
            laboratory.say("the scratch's disk is full: " + free(disk));
            RunView ended = laboratory.awaitEnd(id);
            findings.check(
                    "the run ends as failed", ended.status().equals("failed"), ended.status());
            new OnCall(laboratory, findings)
                    .expect(
                            "while it is full",
                            id,
                            fault,
                            before,
                            Telling.ofFullDisk(
                                    ErrorCode.SCRATCH_FULL, "scratch", "No space left on device"));
            long failed =
                    ended.attempts().stream()
                            .filter(attempt -> attempt.path("failureClass").isTextual())
                            .count();
            findings.check(
                    "it is tried again " + MOST_RETRIES + " times at most",
                    failed >= 1 && failed <= 1 + MOST_RETRIES,
                    failed + " attempts failed");
            lastCheckpointHolds(laboratory, findings, id);
        }
        laboratory.say("there is room again; a person tries it again");
        laboratory.retry(id);
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    /// First the database's, then the object store's.
    static void partsFull(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        databaseFull(laboratory, findings);
        storeFull(laboratory, findings);
    }

    /// Passes when the next save fails for that, the checkpoint before it is whole, and the run
    /// goes on when there is room again, by itself or tried again by a person.
    private static void storeFull(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        SmallDisk disk = laboratory.smallDisk(laboratory.home().objects(), PART);
        String id = laboratory.submit("full-store", STEPS);
        long before = awaitStep(laboratory, id);
        Instant fault = Instant.now();
        try (SmallDisk.Ballast _ = disk.fill()) {
            laboratory.say("the object store's disk is full: " + free(disk));
            new OnCall(laboratory, findings)
                    .expect(
                            "while the store is full",
                            id,
                            fault,
                            before,
                            Telling.ofAttempt(
                                    FaultClass.STORAGE,
                                    ErrorCode.STORE_FULL,
                                    "the object store is full"));
            lastCheckpointHolds(laboratory, findings, id);
        }
        laboratory.say("there is room again");
        goesOn(laboratory, findings, id);
    }

    private static long awaitStep(Laboratory laboratory, String id) throws InterruptedException {
        return laboratory.awaitStep(id, 12 + laboratory.random().nextInt(5)).step();
    }

    private static String free(SmallDisk disk) {
        return disk.freeBytes() + " bytes are free";
    }

    private static void goesOn(Laboratory laboratory, Findings findings, String id)
            throws InterruptedException {
        if (laboratory.awaitEnd(id).status().equals("failed")) {
            laboratory.say("a person tries it again");
            laboratory.retry(id);
        }
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    private static void lastCheckpointHolds(Laboratory laboratory, Findings findings, String id) {
        JsonNode newest =
                laboratory.api().get("/runs/" + id + "/checkpoints").path("items").path(0);
        String step = newest.path("step").asText("none");
        String seen = "step " + step;
        boolean holds = newest.path("step").isNumber();
        try {
            laboratory
                    .api()
                    .postAndWait(
                            "/runs/%s/checkpoints/%s/%s/verify"
                                    .formatted(id, ChaosPlan.STAGE, step));
        } catch (TanrenException damaged) {
            holds = false;
            seen += ": " + damaged.getMessage();
        }
        findings.check("the last checkpoint is whole meanwhile", holds, seen);
    }

    /// Passes when every write is either acknowledged and there in the end, or refused with a code,
    /// and the run ends with the bits of the undisturbed one.
    private static void databaseFull(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        SmallDisk disk = inPlaceOfDatabase(laboratory);
        String id = laboratory.submit("full-database", STEPS);
        awaitStep(laboratory, id);
        Writes writes = new Writes(laboratory);
        try (SmallDisk.Ballast _ = disk.fill()) {
            laboratory.say("the database's disk is full: " + free(disk));
            long end = System.nanoTime() + NOTICED.toNanos();
            while (writes.refused.size() < 3 && System.nanoTime() < end) {
                writes.make();
            }
            findings.check(
                    "writes come to be refused, each with a code that says why",
                    !writes.refused.isEmpty()
                            && writes.refused.stream().allMatch(it -> COUNTED.contains(it.code())),
                    writes.refused.stream().map(it -> it.code().code()).toList());
            new OnCall(laboratory, findings)
                    .expectRefused(
                            FaultClass.STORAGE,
                            "while the database's disk is full, a write",
                            ErrorCode.DATABASE_FULL,
                            writes::write,
                            "full");
        }
        laboratory.say("there is room again");
        List<String> there =
                laboratory.await(
                        "an answer of the database", NOTICED, () -> Optional.of(names(laboratory)));
        findings.check(
                "nothing that was acknowledged is lost",
                there.containsAll(writes.acknowledged) && !writes.acknowledged.isEmpty(),
                writes.acknowledged.size() + " writes");
        goesOn(laboratory, findings, id);
    }

    /// Stops the database for it, which the stack starts anew.
    private static SmallDisk inPlaceOfDatabase(Laboratory laboratory) throws InterruptedException {
        long supervisor = laboratory.control().running().orElseThrow().supervisor().pid();
        Path data = laboratory.home().postgresData();
        StackProcesses.halt(supervisor);
        try {
            laboratory.signal("INT", laboratory.part("postgres"));
            laboratory.await(
                    "the end of the database",
                    STOPPED,
                    () -> Optional.of(data).filter(it -> !Files.exists(it.resolve(RUNNING))));
            return laboratory.smallDisk(data, PART);
        } finally {
            StackProcesses.goOn(supervisor);
        }
    }

    private static List<String> names(Laboratory laboratory) {
        return laboratory.api().get("/tokens").path("items").findValuesAsText("name");
    }

    /// Small ones: of a token each.
    private static final class Writes {

        private final Laboratory laboratory;
        private final List<String> acknowledged = new ArrayList<>();
        private final List<TanrenException> refused = new ArrayList<>();
        private int made;

        private Writes(Laboratory laboratory) {
            this.laboratory = laboratory;
        }

        private void make() throws InterruptedException {
            try {
                acknowledged.add(write());
            } catch (TanrenException e) {
                refused.add(e);
            }
            Thread.sleep(100);
        }

        private String write() {
            made++;
            ObjectNode token = Json.mapper().createObjectNode();
            token.put("name", "write-" + made + "-" + "x".repeat(40)).put("role", "viewer");
            laboratory.api().post("/tokens", token, Map.of());
            return token.path("name").asText();
        }
    }
}
