package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Experiment.Procedure;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.plan.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What can happen to the parts that a run leans on.
final class PartFaults {

    private static final int STEPS = 120;
    private static final Duration BACK = Duration.ofSeconds(60);
    private static final Duration NOTICED = Duration.ofSeconds(15);
    private static final String TEMPORAL = "temporal";
    private static final String DATABASE = "postgres";

    private PartFaults() {}

    /// Kept away for as long as a person looks. Passes when the run goes on meanwhile and ends as
    /// if nothing had been.
    static void temporalKilled(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("killed-temporal", STEPS);
        long before = laboratory.awaitStep(id, 12 + laboratory.random().nextInt(20)).step();
        laboratory.say("kill -9 of Temporal, process " + laboratory.part(TEMPORAL));
        new OnCall(laboratory, findings)
                .expectWhileAway(
                        TEMPORAL,
                        id,
                        before,
                        Telling.ofPart(
                                FaultClass.PREEMPTED,
                                "Temporal",
                                "Temporal is away",
                                "ranks train on"));
        comesBack(laboratory, findings, TEMPORAL);
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    /// Nobody can be told anything but why. Passes when every figure of every step is there in the
    /// end and no other part had to be started anew.
    ///
    /// @param seconds of the outage
    static Procedure databaseAway(int seconds) {
        return (laboratory, findings) -> {
            laboratory.undisturbed(STEPS);
            String id = laboratory.submit("away-postgres", STEPS);
            laboratory.awaitStep(id, 12 + laboratory.random().nextInt(20));
            Map<String, Integer> before = restarts(laboratory, DATABASE);
            laboratory.say("PostgreSQL is away for %d s".formatted(seconds));
            long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
            try (Repeated _ = Outage.begin(laboratory, DATABASE)) {
                OnCall onCall = new OnCall(laboratory, findings);
                onCall.comesToBeRefused(id, ErrorCode.DATABASE_UNREACHABLE, NOTICED);
                for (String place : List.of("", "/diagnosis", "/recovery")) {
                    onCall.expectRefused(
                            FaultClass.STORAGE,
                            "while it is away, /runs/{id}" + place,
                            ErrorCode.DATABASE_UNREACHABLE,
                            () -> laboratory.api().get("/runs/" + id + place),
                            "database",
                            "since 20",
                            "ranks train on meanwhile");
                }
                while (System.nanoTime() < end) {
                    Thread.sleep(100);
                }
            }
            comesBack(laboratory, findings, DATABASE);
            new Aftermath(laboratory, findings).of(id, STEPS);
            Map<String, Integer> after = restarts(laboratory, DATABASE);
            findings.check("no other part was started anew", after.equals(before), after);
        };
    }

    private static void comesBack(Laboratory laboratory, Findings findings, String part)
            throws InterruptedException {
        findings.check(
                part + " is back within " + BACK.toSeconds() + " s",
                laboratory.comesAbout(BACK, () -> serves(laboratory, part)),
                laboratory.control().running().map(PartFaults::states).orElse("no stack"));
    }

    private static Map<String, Integer> restarts(Laboratory laboratory, String but) {
        Map<String, Integer> restarts = new TreeMap<>();
        laboratory
                .control()
                .running()
                .ifPresent(
                        status ->
                                status.parts().stream()
                                        .filter(part -> !part.name().equals(but))
                                        .forEach(
                                                part ->
                                                        restarts.put(
                                                                part.name(), part.restarts())));
        return restarts;
    }

    static boolean serves(Laboratory laboratory, String part) {
        return laboratory
                .control()
                .running()
                .flatMap(status -> status.part(part))
                .filter(StackStatus.Part::healthy)
                .flatMap(found -> Optional.ofNullable(found.process()))
                .isPresent();
    }

    private static String states(StackStatus status) {
        Map<String, String> states = new TreeMap<>();
        status.parts().forEach(part -> states.put(part.name(), part.state().name()));
        return states.toString();
    }
}
