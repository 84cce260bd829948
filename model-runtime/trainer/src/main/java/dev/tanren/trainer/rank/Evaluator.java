package dev.tanren.trainer.rank;

import dev.tanren.launch.Report;
import dev.tanren.launch.Report.Evaluation;
import dev.tanren.launch.Report.Work;
import dev.tanren.trainer.checkpoint.TrainingState;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.optimizer.WeightAverage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Mean loss on held-out blocks. Ranks share the batches; their sums are added in the order of the
/// batches whoever computed them, so the figures do not depend on the number of ranks.
final class Evaluator {

    private final DecoderEvaluation evaluation;
    private final TrainingState state;
    private final TreeReduction reduction;
    private final int rank;
    private final int worldSize;
    private final Map<String, List<MicroBatch>> heldOut;
    private final Progress progress;

    Evaluator(
            DecoderEvaluation evaluation,
            TrainingState state,
            TreeReduction reduction,
            int rank,
            int worldSize,
            Map<String, List<MicroBatch>> heldOut,
            Progress progress) {
        this.evaluation = evaluation;
        this.state = state;
        this.reduction = reduction;
        this.rank = rank;
        this.worldSize = worldSize;
        this.heldOut = heldOut;
        this.progress = progress;
    }

    /// By dataset; where a mean of the weights is kept, it is measured too.
    ///
    /// @param step the last one that is done
    Map<String, Evaluation> evaluate(long step) {
        Map<String, Evaluation> evaluations = new LinkedHashMap<>();
        ParameterSet parameters = evaluation.decoder().parameters();
        WeightAverage average = state.average();
        long rounds = average == null ? 1 : 2;
        progress.begin(
                Work.EVALUATING,
                step,
                rounds * heldOut.values().stream().mapToLong(this::ownBatches).sum());
        parameters.weightsChanged();
        heldOut.forEach((dataset, batches) -> evaluations.put(dataset, evaluate(batches)));
        if (average != null) {
            state.refreshAverage();
            parameters.useWeights(average.weights());
            heldOut.forEach(
                    (dataset, batches) ->
                            evaluations.put(dataset + Report.AVERAGED, evaluate(batches)));
            parameters.useWeights(state.weights());
        }
        return evaluations;
    }

    private long ownBatches(List<MicroBatch> batches) {
        return ((long) batches.size() - rank + worldSize - 1) / worldSize;
    }

    private Evaluation evaluate(List<MicroBatch> batches) {
        double[] sums = new double[batches.size()];
        for (int batch = rank; batch < sums.length; batch += worldSize) {
            sums[batch] = evaluation.lossSum(batches.get(batch));
            progress.partDone();
        }
        double total = 0;
        for (double sum : reduction.sum(sums)) {
            total += sum;
        }
        long targets = batches.stream().mapToLong(MicroBatch::countedTargets).sum();
        double loss = total / targets;
        return new Evaluation(loss, Math.exp(loss), targets);
    }
}
