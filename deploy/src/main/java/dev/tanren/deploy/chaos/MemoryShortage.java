package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.RunView;
import dev.tanren.plan.units.ByteSize;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/// Ranks that cannot have the memory that they ask for.
final class MemoryShortage {

    private static final int STEPS = 80;

    /// The ranks of the plan fit, and are promised all that there is: less would be taken for a
    /// promise that was too small, and the gang would be promised more the next time.
    private static final double ROOM = 1.1;

    private static final int RANKS = 2;

    private MemoryShortage() {}

    /// Of a worker on which the two ranks of the plan just fit.
    static Equipment equipment() {
        long bytes = Math.round(RANKS * ROOM * ChaosPlan.memoryOfARank().bytes());
        return new Equipment(1, new ByteSize(bytes));
    }

    /// The kernel refuses a rank any more memory than it has. Passes when the run ends with that,
    /// is not tried again as it was, and is told the next smaller settings; then a retry by a
    /// person, whose ranks have no such limit, ends with the same bits.
    static void ranOut(Laboratory laboratory, Findings findings) throws InterruptedException {
        laboratory.undisturbed(STEPS);
        String id = laboratory.submit("limited-rank", STEPS);
        long before = laboratory.awaitStep(id, 3 + laboratory.random().nextInt(6)).step();
        long rank = laboratory.awaitRanks().getLast();
        Instant fault = Instant.now();
        laboratory.say("rank 1, process %d, gets no memory any more".formatted(rank));
        limit(rank);
        RunView ended = laboratory.awaitEnd(id);
        findings.check("the run ends as failed", ended.status().equals("failed"), ended.status());
        new OnCall(laboratory, findings)
                .expect("after it ran out of memory", id, fault, before, Telling.ofShortage());
        findings.check(
                "it is not tried again unchanged",
                ended.attempts().size() == 1,
                ended.attempts().size() + " attempts");
        smallerIsProposed(findings, ended.tree().path("failure"));
        laboratory.say("a person tries it again");
        laboratory.retry(id);
        new Aftermath(laboratory, findings).of(id, STEPS);
    }

    /// A model that no rank of the worker can hold. Passes when that is found before any step, and
    /// said with what would fit or what is to be given.
    static void tooLarge(Laboratory laboratory, Findings findings) throws InterruptedException {
        Instant fault = Instant.now();
        String id =
                laboratory.submitText(
                        laboratory
                                .plan("too-large", 2)
                                .replace("intermediateSize: 352", "intermediateSize: 65536"));
        RunView ended = laboratory.awaitEnd(id);
        findings.check(
                "a plan that the worker cannot hold fails the run",
                ended.status().equals("failed"),
                ended.status());
        new OnCall(laboratory, findings)
                .expect(
                        "of a plan that the worker cannot hold",
                        id,
                        fault,
                        Telling.NO_STEP,
                        Telling.ofTooLargeAPlan());
        findings.check(
                "it is not tried again",
                ended.attempts().size() == 1,
                ended.attempts().size() + " attempts");
        smallerIsProposed(findings, ended.tree().path("failure"));
    }

    private static void smallerIsProposed(Findings findings, JsonNode failure) {
        String mend = failure.path("mend").asText();
        findings.told(
                FaultClass.OUT_OF_MEMORY,
                "the planner's next smaller settings, and what they need",
                Telling.holdsAll(
                        mend, List.of("submit the plan with", "in stage adapt", "MiB a rank")),
                mend);
    }

    /// `RLIMIT_DATA`, which a process's user may lower: the next page that is asked for is refused.
    private static void limit(long process) throws InterruptedException {
        List<String> command =
                List.of("prlimit", "--pid", Long.toString(process), "--data=1048576:1048576");
        try {
            if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
                throw new NotPossibleHere("prlimit cannot lower a limit of a rank");
            }
        } catch (IOException e) {
            throw new NotPossibleHere("there is no prlimit, of util-linux: " + e.getMessage());
        }
    }
}
