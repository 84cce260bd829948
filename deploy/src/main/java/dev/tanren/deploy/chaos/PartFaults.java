package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Experiment.Procedure;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.deploy.stack.StackStatus;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What can happen to the parts that a run leans on.
final class PartFaults {

    private static final int STEPS = 120;
    private static final Duration BACK = Duration.ofSeconds(60);

    private PartFaults() {}

    /// The run goes on while the part is away, and the part serves it again.
    static Procedure killed(String part) {
        return (laboratory, findings) -> {
            laboratory.undisturbed(STEPS);
            String id = laboratory.submit("killed-" + part, STEPS);
            laboratory.awaitStep(id, 12 + laboratory.random().nextInt(20));
            long process = laboratory.part(part);
            laboratory.say("kill -9 of %s, process %d".formatted(part, process));
            laboratory.signal("KILL", process);
            new OnCall(laboratory, findings).look("right after the kill", id);
            findings.check(
                    part + " is back within " + BACK.toSeconds() + " s",
                    laboratory.comesAbout(BACK, () -> serves(laboratory, part, process)),
                    laboratory.control().running().map(PartFaults::states).orElse("no stack"));
            new Aftermath(laboratory, findings).of(id, STEPS);
        };
    }

    /// Killed again as soon as the supervisor has started it, for so many seconds.
    static Procedure away(String part, int seconds) {
        return (laboratory, findings) -> {
            laboratory.undisturbed(STEPS);
            String id = laboratory.submit("away-" + part, STEPS);
            laboratory.awaitStep(id, 12 + laboratory.random().nextInt(20));
            Map<String, Integer> before = restarts(laboratory, part);
            laboratory.say("%s is away for %d s".formatted(part, seconds));
            long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
            boolean looked = false;
            while (System.nanoTime() < end) {
                var process = StackProcesses.of(laboratory.control(), part);
                if (process.isPresent()) {
                    laboratory.signal("KILL", process.getAsLong());
                }
                if (!looked && end - System.nanoTime() < Duration.ofSeconds(10).toNanos()) {
                    new OnCall(laboratory, findings).look("while it is away", id);
                    looked = true;
                }
                Thread.sleep(100);
            }
            findings.check(
                    part + " is back within " + BACK.toSeconds() + " s",
                    laboratory.comesAbout(BACK, () -> serves(laboratory, part, -1)),
                    laboratory.control().running().map(PartFaults::states).orElse("no stack"));
            new Aftermath(laboratory, findings).of(id, STEPS);
            Map<String, Integer> after = restarts(laboratory, part);
            findings.check("no other part was started anew", after.equals(before), after);
        };
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

    private static boolean serves(Laboratory laboratory, String part, long killed) {
        return laboratory
                .control()
                .running()
                .flatMap(status -> status.part(part))
                .filter(StackStatus.Part::healthy)
                .flatMap(found -> Optional.ofNullable(found.process()))
                .filter(process -> process.pid() != killed)
                .isPresent();
    }

    private static String states(StackStatus status) {
        Map<String, String> states = new TreeMap<>();
        status.parts().forEach(part -> states.put(part.name(), part.state().name()));
        return states.toString();
    }
}
