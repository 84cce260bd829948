package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Sharding;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Settings with which a stage fits.
final class Combinations {

    /// How many numbers of ranks are answered for, each twice the one before.
    private static final int ANSWERS = 3;

    private static final Comparator<Proposal> CHEAPEST =
            Comparator.comparingDouble(Proposal::slowdown)
                    .thenComparingInt(proposal -> proposal.changes().size());

    private Combinations() {}

    /// For the fewest ranks that will do the settings that take least time, then for more ranks
    /// where those take less; last, where none of these runs today, the cheapest that does.
    static List<Proposal> fitting(Demand demand) {
        List<Proposal> all =
                candidates(demand)
                        .filter(demand::fits)
                        .map(
                                settings ->
                                        demand.proposal(
                                                Settings.changes(demand.stage(), settings),
                                                settings))
                        .toList();
        List<Proposal> answers = new ArrayList<>();
        int fewest = all.stream().mapToInt(Proposal::ranks).min().orElse(0);
        for (int i = 0; i < ANSWERS; i++) {
            int ranks = fewest << i;
            best(all.stream().filter(proposal -> proposal.ranks() == ranks))
                    .filter(
                            next ->
                                    answers.isEmpty()
                                            || next.slowdown()
                                                    < answers.getLast().slowdown() * 0.99)
                    .ifPresent(answers::add);
        }
        if (answers.stream().noneMatch(Proposal::runsNow)) {
            best(all.stream().filter(Proposal::runsNow)).ifPresent(answers::add);
        }
        return answers;
    }

    /// The cheapest that runs today on as many ranks with so much memory each.
    static Optional<Proposal> within(Demand demand, long bytesPerRank) {
        int ranks = demand.stage().parallelism().ranks();
        return best(
                candidates(demand)
                        .filter(settings -> settings.parallelism().ranks() == ranks)
                        .filter(settings -> demand.memory(settings).totalBytes() <= bytesPerRank)
                        .map(
                                settings ->
                                        demand.proposal(
                                                Settings.changes(demand.stage(), settings),
                                                settings))
                        .filter(Proposal::runsNow));
    }

    private static Optional<Proposal> best(Stream<Proposal> proposals) {
        return proposals.min(CHEAPEST);
    }

    private static Stream<TrainingStage> candidates(Demand demand) {
        return Stream.of(demand.stage(), Settings.inelastic(demand.stage()))
                .distinct()
                .flatMap(
                        stage ->
                                Ladder.divisors(stage.microBatch())
                                        .mapToObj(size -> Settings.microBatch(stage, size)))
                .flatMap(smaller -> policies(smaller))
                .flatMap(
                        settings ->
                                Stream.concat(
                                        Stream.of(settings),
                                        Ladder.tensor(demand, settings).stream()))
                .flatMap(
                        settings ->
                                Stream.concat(
                                        Stream.of(settings),
                                        Ladder.pipeline(demand, settings).stream()))
                .flatMap(Combinations::shared);
    }

    private static Stream<TrainingStage> policies(TrainingStage stage) {
        return Stream.of(Activations.values())
                .filter(policy -> policy.compareTo(stage.activations()) >= 0)
                .map(policy -> Settings.activations(stage, policy));
    }

    /// Weights that are shared out are gathered again for every micro-batch of a pipeline, so a
    /// pipeline shares no more than the optimizer's state.
    private static Stream<TrainingStage> shared(TrainingStage settings) {
        Sharding most = settings.parallelism().pipeline() > 1 ? Sharding.OPTIMIZER : Sharding.FULL;
        Stream<TrainingStage> sharded =
                Stream.of(Sharding.values())
                        .filter(level -> level != Sharding.NONE && level.compareTo(most) <= 0)
                        .filter(level -> level.compareTo(settings.parallelism().sharding()) >= 0)
                        .flatMap(level -> Ladder.sharded(settings, level).stream());
        return Stream.concat(Stream.of(settings), sharded);
    }
}
