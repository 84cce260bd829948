package dev.tanren.controlplane.situation;

import dev.tanren.controlplane.api.Recovery;
import dev.tanren.controlplane.api.Situation.Option;
import dev.tanren.plan.run.RunAction;
import dev.tanren.storage.registry.Attempts.Attempt;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a person can do about a run, each with its command and cost.
///
/// @param recovery what a resume or retry would do, where it was looked for in the store; null
///     where the registry's rows are all that was asked
record Options(Facts facts, @Nullable Recovery recovery) {

    private static final Set<String> WITHOUT_RANKS = Set.of("waiting", "recovering", "starting");

    List<Option> of(Draft draft) {
        List<Option> options = new ArrayList<>();
        for (RunAction action :
                List.of(RunAction.RETRY, RunAction.RESUME, RunAction.PAUSE, RunAction.CANCEL)) {
            if (action.allowedIn(facts.run().status())) {
                options.add(option(action, draft));
            }
        }
        if (draft.trouble() != null) {
            new Troubles(facts).troubled().map(this::log).ifPresent(options::add);
        }
        if (facts.alive().isEmpty() && !facts.run().status().terminal()) {
            options.addFirst(
                    new Option(
                            "look",
                            "./tanren status",
                            "shows which parts and workers run; ./tanren up starts those of this"
                                    + " machine. Costs nothing",
                            0,
                            null));
        }
        return options;
    }

    private Option option(RunAction action, Draft draft) {
        String command = "./tanren run " + action.key() + " " + facts.run().runId();
        return switch (action) {
            case RETRY, RESUME -> goOn(action, command);
            case PAUSE ->
                    new Option(
                            action.key(),
                            command,
                            WITHOUT_RANKS.contains(draft.state())
                                    ? "nothing is tried any more until it is resumed; loses nothing"
                                            + " that is not lost already"
                                    : "the ranks finish their step, save it and end; loses nothing",
                            0,
                            0.0);
            case CANCEL -> cancel(command);
        };
    }

    private Option goOn(RunAction action, String command) {
        Recovery exact = recovery;
        if (exact != null) {
            return new Option(
                    action.key(),
                    command,
                    exact.summary() + time(exact.stepsLost(), exact.secondsLost()),
                    exact.stepsLost(),
                    exact.secondsLost());
        }
        long lost = lost();
        return new Option(
                action.key(),
                command,
                facts.training().isEmpty()
                        ? "goes on with stage "
                                + (facts.stage() == null ? "" : facts.stage().stageId())
                                + " from its beginning; what is finished stays"
                        : "goes on after step %d; computes %s again%s"
                                .formatted(
                                        facts.resumeStep(),
                                        Words.count(lost, "step"),
                                        time(lost, seconds(lost))),
                lost,
                seconds(lost));
    }

    private Option cancel(String command) {
        long lost = lost();
        return new Option(
                RunAction.CANCEL.key(),
                command,
                facts.training().isEmpty()
                        ? "ends the run now; what is finished stays"
                        : "ends the run now; a retry would go on after step %d and compute %s again%s"
                                .formatted(
                                        facts.resumeStep(),
                                        Words.count(lost, "step"),
                                        time(lost, seconds(lost))),
                lost,
                seconds(lost));
    }

    private Option log(Attempt attempt) {
        return new Option(
                "look",
                new Troubles(facts).logCommand(attempt),
                "shows what the rank wrote last, its stacks among it where it hung. Costs nothing",
                0,
                null);
    }

    private long lost() {
        return facts.training().isEmpty() ? 0 : Math.max(0, facts.reached() - facts.resumeStep());
    }

    private @Nullable Double seconds(long steps) {
        Double step = facts.secondsPerStep();
        return step == null ? null : steps * step;
    }

    private static String time(long steps, @Nullable Double seconds) {
        return steps == 0 || seconds == null ? "" : " (about " + Words.seconds(seconds) + ")";
    }
}
