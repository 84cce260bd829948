package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.TrainingStage.Sharding;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The changes that save memory, cheapest first.
final class Ladder {

    /// Devices of one node, which have a fast link between them.
    private static final int NODE = 8;

    /// The most ranks that are proposed.
    private static final int MOST_RANKS = 1024;

    /// @param stage with the change made
    record Step(Proposal.Change change, TrainingStage stage) {}

    private Ladder() {}

    /// Every change that `stage` has left on as many ranks, each made by itself.
    static List<Step> single(TrainingStage stage) {
        List<TrainingStage> changed = new ArrayList<>();
        if (stage.parallelism().runsOfRank() > 1) {
            changed.add(Settings.inelastic(stage));
        }
        if (stage.microBatch() > 1) {
            changed.add(Settings.microBatch(stage, smallerMicroBatch(stage.microBatch())));
        }
        recomputing(stage).forEach(changed::add);
        if (stage.parallelism().data() > 1) {
            for (Sharding level : Sharding.values()) {
                if (level.compareTo(stage.parallelism().sharding()) > 0) {
                    changed.add(Settings.sharding(stage, stage.parallelism().data(), level));
                }
            }
        }
        return changed.stream()
                .map(other -> new Step(Settings.changes(stage, other).getFirst(), other))
                .toList();
    }

    /// The ladder of a stage that does not fit. Each rung has the changes of those above it, but
    /// sharding, tensor and pipeline parallelism stand for each other. Those take the fewest ranks
    /// on which they fit, or else on which they need least.
    static List<Proposal> of(Demand demand) {
        List<Proposal> rungs = new ArrayList<>();
        TrainingStage reached = Settings.inelastic(demand.stage());
        if (!reached.equals(demand.stage())) {
            rungs.add(proposal(demand, reached));
        }
        TrainingStage first = reached;
        List<TrainingStage> smaller =
                divisors(reached.microBatch())
                        .skip(1)
                        .mapToObj(size -> Settings.microBatch(first, size))
                        .toList();
        if (!smaller.isEmpty()) {
            TrainingStage best = fitting(demand, smaller);
            rungs.add(proposal(demand, best));
            reached = best;
        }
        for (TrainingStage recomputing : recomputing(reached).toList()) {
            reached = recomputing;
            rungs.add(proposal(demand, reached));
        }
        for (Sharding level : Sharding.values()) {
            if (level.compareTo(reached.parallelism().sharding()) > 0) {
                addBest(rungs, demand, sharded(reached, level));
            }
        }
        addBest(rungs, demand, tensor(demand, reached));
        addBest(rungs, demand, pipeline(demand, reached));
        return rungs;
    }

    private static void addBest(
            List<Proposal> rungs, Demand demand, List<TrainingStage> candidates) {
        if (!candidates.isEmpty()) {
            rungs.add(proposal(demand, fitting(demand, candidates)));
        }
    }

    private static Proposal proposal(Demand demand, TrainingStage settings) {
        return demand.proposal(Settings.changes(demand.stage(), settings), settings);
    }

    /// The first that fits, or else the one that needs least.
    private static TrainingStage fitting(Demand demand, List<TrainingStage> candidates) {
        return candidates.stream()
                .filter(demand::fits)
                .findFirst()
                .orElseGet(
                        () ->
                                candidates.stream()
                                        .min(Comparator.comparingLong(demand::needed))
                                        .orElseThrow());
    }

    static Stream<TrainingStage> recomputing(TrainingStage stage) {
        return Stream.of(Activations.values())
                .filter(policy -> policy.compareTo(stage.activations()) > 0)
                .map(policy -> Settings.activations(stage, policy));
    }

    /// With as many data ranks as now, then with twice as many, as far as the batch goes.
    static List<TrainingStage> sharded(TrainingStage stage, Sharding level) {
        List<TrainingStage> all = new ArrayList<>();
        int others = stage.parallelism().ranks() / stage.parallelism().data();
        for (int data = Math.max(2, stage.parallelism().data());
                data * others <= MOST_RANKS;
                data *= 2) {
            TrainingStage settings = Settings.sharding(stage, data, level);
            if (Settings.dividesBatch(settings)) {
                all.add(settings);
            }
        }
        return all;
    }

    /// Inside a node, as far as key-value heads go round.
    static List<TrainingStage> tensor(Demand demand, TrainingStage stage) {
        Parallelism mesh = stage.parallelism();
        return powersOfTwo(NODE)
                .filter(size -> size > mesh.tensor())
                .filter(size -> demand.shape().keyValueHeads() % size == 0)
                .mapToObj(size -> Settings.parallelism(stage, mesh.withTensor(size)))
                .toList();
    }

    static List<TrainingStage> pipeline(Demand demand, TrainingStage stage) {
        Parallelism mesh = stage.parallelism();
        return powersOfTwo(demand.shape().layers())
                .filter(size -> size > mesh.pipeline())
                .mapToObj(size -> Settings.parallelism(stage, mesh.withPipeline(size)))
                .toList();
    }

    static IntStream powersOfTwo(int most) {
        return IntStream.iterate(1, size -> size <= most, size -> size * 2);
    }

    /// Falling.
    static IntStream divisors(int number) {
        return IntStream.iterate(number, size -> size >= 1, size -> size - 1)
                .filter(size -> number % size == 0);
    }

    /// The largest part that a micro-batch can be cut into: whole micro-batches for each rank stay
    /// whole.
    static int smallerMicroBatch(int microBatch) {
        return divisors(microBatch).skip(1).findFirst().orElse(microBatch);
    }
}
