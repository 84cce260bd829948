package dev.tanren.deploy.chaos;

import java.util.List;

/// All 25, in their order.
public final class Experiments {

    private Experiments() {}

    public static List<Experiment> all() {
        return all(5, 100);
    }

    /// @param ofRanks kills that the experiment on ranks makes
    /// @param kills that the experiment of many kills makes
    public static List<Experiment> all(int ofRanks, int kills) {
        return List.of(
                new Experiment(
                        1,
                        "kill -9 of a rank at " + ofRanks + " random points",
                        "no kill costs more than %d steps, and training goes on within 23 s"
                                .formatted(RankKills.MOST_LOST),
                        1,
                        1 + ofRanks * 0.15,
                        new RankKills(ofRanks)),
                new Experiment(
                        2,
                        "kill -9 of the worker",
                        "its ranks are dead within 5 s, and one attempt more is needed",
                        1,
                        1,
                        WorkerFaults::killed),
                new Experiment(
                        3,
                        "kill -9 of a rank while a checkpoint is saved",
                        "no part of a checkpoint is ever listed, and the one before is used",
                        1,
                        1,
                        SaveFaults::rankKilledDuringASave),
                new Experiment(
                        4,
                        "SIGTERM of the worker, with 15 s to end in",
                        "no step is lost",
                        1,
                        1,
                        WorkerFaults::terminated),
                new Experiment(
                        5,
                        "SIGSTOP of one rank",
                        "it is found and named within %d s".formatted(RankFaults.FOUND.toSeconds()),
                        1,
                        1.5,
                        RankFaults::stopped),
                new Experiment(
                        6,
                        "SIGSTOP of the worker past its timeout, then SIGCONT",
                        "the attempt that was taken over commits nothing any more",
                        2,
                        1.5,
                        WorkerFaults::stoppedAndContinued),
                new Experiment(
                        7,
                        "a worker that is cut off the network for %d s or more"
                                .formatted(NetworkFaults.CUT.toSeconds()),
                        "nothing is committed without the lease, nothing twice after it heals",
                        1,
                        2,
                        NetworkFaults::cutOff),
                new Experiment(
                        8,
                        "kill -9 of the Temporal server",
                        "no run and no step is lost, and the run ends",
                        1,
                        1,
                        PartFaults::temporalKilled),
                new Experiment(
                        9,
                        "an outage of PostgreSQL of 30 s, by kill -9 again and again",
                        "every figure of every step is there, and no other part is started anew",
                        1,
                        1.5,
                        PartFaults.databaseAway(30)),
                new Experiment(
                        10,
                        "kill -9 of the object store while a checkpoint is saved",
                        "no truncated object is visible, and the save is made again",
                        1,
                        1,
                        SaveFaults::storeKilledDuringASave),
                new Experiment(
                        11,
                        "a committed shard with one bit changed",
                        "it is found before it is loaded, quarantined, and the one before is used",
                        1,
                        1,
                        SaveFaults::bitFlipped),
                new Experiment(
                        12,
                        "1,000 racing commits of attempts that overtake each other",
                        "each step has exactly one winner, whose objects verify",
                        1,
                        1,
                        RacingCommits::raced),
                new Experiment(
                        13,
                        "a worker's scratch on a file system of 64 MB, full (needs root)",
                        "the error says so, the last checkpoint is whole, 3 tries more at most",
                        1,
                        1,
                        DiskFaults::scratchFull),
                new Experiment(
                        14,
                        "the database's disk full, then the object store's (needs root)",
                        "writes are refused with a code, and nothing acknowledged is lost",
                        1,
                        1.5,
                        DiskFaults::partsFull),
                new Experiment(
                        15,
                        "an object store that is slow, hangs, then resets connections",
                        "steps go on, transfers end at a limit of their progress, nothing is"
                                + " committed early",
                        1,
                        1.5,
                        StoreFaults::slowHungResetting),
                new Experiment(
                        16,
                        "batches whose loss is not finite (one poisoned: AnomalyProcessTest)",
                        "each is found within a step, left out, and after two a person is asked",
                        1,
                        0.5,
                        Divergence::neverFinite),
                new Experiment(
                        17,
                        "a bit of a weight changed in the memory of one of two ranks",
                        "it is found at the next save, and the checkpoint before is used",
                        1,
                        1,
                        MemoryFaults::bitFlipped),
                new Experiment(
                        18,
                        "a rank with a quarter of its time; one that gets no memory any more; a"
                                + " plan too large for the worker",
                        "the slow one is named and not killed; the others are classified, not"
                                + " tried again unchanged, and smaller settings are proposed",
                        MemoryShortage.equipment(),
                        1.5,
                        Experiments::scarcity),
                new Experiment(
                        19,
                        "workers whose clocks are ten minutes ahead, then behind",
                        "no order, no lease and no time that is told follows their clocks",
                        1,
                        1.5,
                        WrongClocks::trained),
                new Experiment(
                        20,
                        "a new version is deployed while a run is at work",
                        "the run ends on the version it began with, a new one begins on the new one"
                                + " (all stored histories are replayed: StoredHistoriesTest)",
                        1,
                        1.5,
                        NewVersion::deployed),
                new Experiment(
                        21,
                        kills + " random kills in one run",
                        "the run ends with the bits of the undisturbed one",
                        1,
                        kills * 0.2,
                        new ManyKills(kills)),
                new Experiment(
                        22,
                        "sources that lead where they must not",
                        "they are refused by name, and nothing connects",
                        1,
                        0.5,
                        Sources::leadingAstray),
                new Experiment(
                        23,
                        "pickle, safetensors headers that lie, archives that unpack to gigabytes",
                        "they are refused by name, in bounded memory and disk",
                        1,
                        0.5,
                        Models::refused),
                new Experiment(
                        24,
                        "every call without a token and as a viewer; 200 equal requests; a flood",
                        "what is not allowed is refused, one run begins, the flood is slowed",
                        1,
                        0.5,
                        Doors::tried),
                new Experiment(
                        25,
                        "the stack's secrets as canaries, with exceptions of a killed database",
                        "none is in history, database, logs, objects, ranks or answers",
                        1,
                        0.5,
                        Canaries::looked));
    }

    private static void scarcity(Laboratory laboratory, Findings findings)
            throws InterruptedException {
        RankFaults.slowed(laboratory, findings);
        MemoryShortage.ranOut(laboratory, findings);
        MemoryShortage.tooLarge(laboratory, findings);
    }
}
