package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.planner.formula.TransformerActivations;
import dev.tanren.plan.timetable.Timetable;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Works out what a valid plan will do, without doing any of it.
public final class Planner {

    private Planner() {}

    /// @param base shape of the plan's base model, null when it is not known (yet); not looked at
    ///     when the plan gives an architecture itself
    public static Explanation explain(Plan plan, @Nullable Architecture base) {
        return explain(plan, base, null);
    }

    /// @param base as above
    /// @param device that each rank is to run on; null where it is not known
    public static Explanation explain(
            Plan plan, @Nullable Architecture base, @Nullable Device device) {
        Architecture shape =
                switch (plan.model()) {
                    case ModelSource.Fresh fresh -> fresh.architecture();
                    case ModelSource.Base ignored -> base;
                };
        return new Explanation(
                plan.name(),
                shape == null ? null : model(shape),
                device == null ? null : device.prediction(),
                plan.stages().stream().map(stage -> stage(stage, shape, device)).toList(),
                List.of());
    }

    private static Explanation.Model model(Architecture shape) {
        ParameterCount count = ParameterCount.of(shape);
        return new Explanation.Model(
                shape, count, count.total(), DecoderFamily.of(shape).parameterFormula());
    }

    private static Explanation.Stage stage(
            Stage stage, @Nullable Architecture shape, @Nullable Device device) {
        return switch (stage) {
            case TrainingStage training ->
                    new Explanation.Stage(
                            training.id(),
                            Settings.word(training.type()),
                            training(training, shape, device));
            case Stage.Evaluate evaluate -> new Explanation.Stage(evaluate.id(), "evaluate", null);
            case Stage.Export export -> new Explanation.Stage(export.id(), "export", null);
            case Stage.Approve approve -> new Explanation.Stage(approve.id(), "approve", null);
        };
    }

    private static Explanation.Training training(
            TrainingStage stage, @Nullable Architecture shape, @Nullable Device device) {
        Timetable timetable = Timetable.of(stage);
        long steps = timetable.totalSteps();
        return new Explanation.Training(
                stage.parallelism().ranks(),
                stage.threadsPerRank(),
                steps,
                steps * stage.globalBatchTokens(),
                timetable.entries().stream().mapToLong(e -> e.steps() * e.sequencesPerStep()).sum(),
                timetable.entries().stream()
                        .mapToLong(e -> e.steps() * e.microBatchesPerStep())
                        .sum(),
                checkpoints(stage, timetable),
                evaluations(stage, steps),
                timetable.entries().stream().map(entry -> phase(stage, entry)).toList(),
                PrecisionAdvice.of(stage.precision(), device),
                shape == null ? null : compute(timetable, new Demand(stage, shape, device)));
    }

    private static Explanation.Phase phase(TrainingStage stage, Timetable.Entry entry) {
        return new Explanation.Phase(
                entry.phase().id(),
                entry.phase().sequenceLength(),
                entry.firstStep(),
                entry.lastStep(),
                entry.steps(),
                entry.sequencesPerStep(),
                entry.microBatchesPerStep(),
                entry.microBatchesPerStep() / stage.parallelism().data(),
                entry.steps() * stage.globalBatchTokens(),
                entry.samplesOfMembers());
    }

    /// At every multiple of the interval, and at the end of each phase.
    private static long checkpoints(TrainingStage stage, Timetable timetable) {
        int every = stage.checkpoint().everySteps();
        long between = timetable.entries().stream().filter(e -> e.lastStep() % every != 0).count();
        return timetable.totalSteps() / every + between;
    }

    /// Before the first step, at every multiple of the interval, and after the last step.
    private static long evaluations(TrainingStage stage, long steps) {
        TrainingStage.Evaluation evaluation = stage.evaluation();
        if (evaluation == null) {
            return 0;
        }
        int every = evaluation.everySteps();
        return 1 + steps / every + (steps % every == 0 ? 0 : 1);
    }

    private static Explanation.Compute compute(Timetable timetable, Demand demand) {
        TrainingStage stage = demand.stage();
        Architecture shape = demand.shape();
        List<Explanation.PhaseFlops> perToken =
                stage.phases().stream()
                        .map(
                                phase ->
                                        new Explanation.PhaseFlops(
                                                phase.id(),
                                                Flops.perToken(shape, phase.sequenceLength())))
                        .toList();
        double flops =
                timetable.entries().stream()
                        .mapToDouble(
                                entry ->
                                        Flops.perToken(shape, entry.phase().sequenceLength())
                                                * entry.steps()
                                                * stage.globalBatchTokens())
                        .sum();
        MemoryEstimate memory = demand.memory(stage);
        Device device = demand.device();
        return new Explanation.Compute(
                perToken,
                flops,
                Flops.FORMULA,
                memory,
                memory.totalBytes(),
                memory.hostBytes(),
                activationPolicies(demand),
                publishedActivations(stage, shape),
                communication(stage, shape),
                device == null ? null : expected(stage, timetable, shape, device),
                device == null ? null : Fit.of(demand, device));
    }

    private static List<Explanation.ActivationPolicy> activationPolicies(Demand demand) {
        TrainingStage stage = demand.stage();
        Demand plain =
                new Demand(
                        Settings.activations(stage, Activations.NONE),
                        demand.shape(),
                        demand.device());
        return Stream.of(Activations.values())
                .map(
                        policy -> {
                            TrainingStage settings = Settings.activations(stage, policy);
                            MemoryEstimate memory = demand.memory(settings);
                            return new Explanation.ActivationPolicy(
                                    Settings.word(policy),
                                    policy == stage.activations(),
                                    memory.bytes(MemoryPlanner.ACTIVATIONS),
                                    memory.totalBytes(),
                                    plain.slowdown(settings));
                        })
                .toList();
    }

    private static long publishedActivations(TrainingStage stage, Architecture shape) {
        return Math.round(
                shape.layers()
                        * stage.phases().stream()
                                .mapToDouble(
                                        phase ->
                                                new TransformerActivations(
                                                                phase.sequenceLength(),
                                                                stage.microBatch(),
                                                                shape.hiddenSize(),
                                                                shape.heads(),
                                                                1)
                                                        .none())
                                .max()
                                .orElse(0));
    }

    private static Explanation.@Nullable Expected expected(
            TrainingStage stage, Timetable timetable, Architecture shape, Device device) {
        Double peak = device.peakFlops(stage.precision());
        if (peak == null && !device.shared()) {
            return null;
        }
        double tokens = (double) timetable.totalSteps() * stage.globalBatchTokens();
        double seconds = new StepTime(stage, shape, device).seconds();
        return new Explanation.Expected(
                peak == null ? null : Device.USUAL_UTILISATION,
                peak,
                tokens / seconds / stage.parallelism().ranks(),
                seconds,
                StepTime.assumptions(device, stage.precision()));
    }

    private static Explanation.@Nullable Communication communication(
            TrainingStage stage, Architecture shape) {
        int ranks = stage.parallelism().data();
        if (ranks == 1) {
            return null;
        }
        double elements = 2.0 * ParameterCount.of(shape).total() * (ranks - 1) / ranks;
        return new Explanation.Communication(
                "all-reduce by recursive halving and doubling",
                Math.round(4 * elements),
                "4 · 2 · parameters · (data - 1) / data, in fp32");
    }
}
