package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.chaos.ExtraWorker.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Workers whose clocks are not those of the platform, by libfaketime.
///
/// @param library that is put before a worker's own
record WrongClocks(Path library) {

    private static final String NEEDS = "libfaketime (Debian: apt-get install faketime)";

    private static final int STEPS = 80;
    private static final Duration WRONG = Duration.ofMinutes(10);
    private static final Duration SLACK = Duration.ofSeconds(5);

    /// With which a line of a worker's log begins.
    private static final Pattern TIME = Pattern.compile("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+");

    private static final String FILE = "libfaketimeMT.so.1";

    private static WrongClocks here() {
        try (Stream<Path> folders = Files.list(Path.of("/usr/lib"))) {
            return Stream.concat(
                            Stream.of(
                                    Path.of("/usr/lib"),
                                    Path.of("/usr/lib64"),
                                    Path.of("/usr/local/lib")),
                            folders)
                    .map(folder -> folder.resolve("faketime").resolve(FILE))
                    .filter(Files::isReadable)
                    .findFirst()
                    .map(WrongClocks::new)
                    .orElseThrow(() -> new NotPossibleHere("there is no " + NEEDS));
        } catch (IOException | UncheckedIOException unreadable) {
            throw new NotPossibleHere("there is no " + NEEDS + ": " + unreadable.getMessage());
        }
    }

    /// One that is ahead begins and is killed, one that is behind goes on. Passes when the run ends
    /// as if nothing had been, and no time that is told is theirs.
    ///
    /// @throws NotPossibleHere where this machine has no such library in any of the usual folders
    static void trained(Laboratory laboratory, Findings findings) throws InterruptedException {
        here().train(laboratory, findings);
    }

    private void train(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        Program program = Program.ofTheStack(laboratory);
        Instant begun = Instant.now();
        try (HeldWorker _ = HeldWorker.hold(laboratory)) {
            String id = laboratory.submit("wrong-clocks", STEPS);
            ExtraWorker ahead = start(laboratory, findings, program, "ahead", WRONG);
            long before;
            Instant fault;
            try (ahead) {
                before = laboratory.awaitStep(id, 12 + laboratory.random().nextInt(15)).step();
                laboratory.say("kill -9 of the worker that is ahead, process " + ahead.pid());
                fault = Instant.now();
            }
            try (ExtraWorker behind =
                    start(laboratory, findings, program, "behind", WRONG.negated())) {
                new OnCall(laboratory, findings)
                        .expect(
                                "after the kill",
                                id,
                                fault,
                                before,
                                WorkerFaults.ofLostWorker("last heard of"));
                var ended = new Aftermath(laboratory, findings).of(id, STEPS);
                long lost = WorkerFaults.lostAttempts(ended);
                findings.check("one attempt was lost", lost == 1, lost + " lost");
                Commits.of(laboratory, id).checkOwners(ended, findings);
                times(laboratory, findings, id, behind, begun);
            }
        }
    }

    private ExtraWorker start(
            Laboratory laboratory, Findings findings, Program program, String name, Duration wrong)
            throws InterruptedException {
        ExtraWorker worker =
                ExtraWorker.start(
                        laboratory,
                        program,
                        name,
                        Map.of(
                                "LD_PRELOAD",
                                library.toString(),
                                "FAKETIME",
                                "%+ds".formatted(wrong.toSeconds()),
                                "FAKETIME_DONT_FAKE_MONOTONIC",
                                "1",
                                // With it, waits of the JVM end at once and a core is spent on
                                // them.
                                "FAKETIME_FORCE_MONOTONIC_FIX",
                                "0"));
        Duration off = ownTime(laboratory, name);
        findings.check(
                "the clock of the worker that is %s is %d s off".formatted(name, wrong.toSeconds()),
                off.minus(wrong).abs().compareTo(Duration.ofMinutes(1)) < 0,
                "by its log about " + off.toSeconds() + " s");
        return worker;
    }

    /// How far the time of a worker's last line of its log is off; zero where no line has one.
    private static Duration ownTime(Laboratory laboratory, String name) {
        Path log = laboratory.home().logs().resolve(name + ".log");
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(line -> TIME.matcher(line))
                    .filter(Matcher::lookingAt)
                    .map(time -> LocalDateTime.parse(time.group()))
                    .reduce((_, last) -> last)
                    .map(own -> own.atZone(ZoneId.systemDefault()).toInstant())
                    .map(own -> Duration.between(Instant.now(), own))
                    .orElse(Duration.ZERO);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Whether all that is told of the run and its last worker lies between its beginning and now.
    private static void times(
            Laboratory laboratory,
            Findings findings,
            String id,
            ExtraWorker worker,
            Instant begun) {
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        for (String path :
                List.of(
                        "/runs/" + id,
                        "/runs/" + id + "/checkpoints",
                        "/runs/" + id + "/diagnosis",
                        "/runs/" + id + "/recovery")) {
            seen += look(laboratory.api().get(path), path, begun, wrong);
        }
        for (JsonNode known : laboratory.api().get("/workers").path("items")) {
            if (known.path("pid").asLong() == worker.pid()) {
                seen += look(known, "/workers", begun, wrong);
            }
        }
        findings.check(
                "no time that is told is of a wrong clock",
                wrong.isEmpty() && seen > 0,
                wrong.isEmpty() ? seen + " times" : wrong);
    }

    private static int look(JsonNode node, String where, Instant from, List<String> wrong) {
        int seen = 0;
        if (node.isContainerNode()) {
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                seen += look(field.getValue(), where + "/" + field.getKey(), from, wrong);
            }
            if (node.isArray()) {
                for (JsonNode element : node) {
                    seen += look(element, where, from, wrong);
                }
            }
            return seen;
        }
        if (!node.isTextual() || !node.asText().matches("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z")) {
            return 0;
        }
        Instant at = Instant.parse(node.asText());
        if (at.isBefore(from.minus(SLACK)) || at.isAfter(Instant.now().plus(SLACK))) {
            wrong.add(where + " " + at);
        }
        return 1;
    }
}
