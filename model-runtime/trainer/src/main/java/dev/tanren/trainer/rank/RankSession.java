package dev.tanren.trainer.rank;

import dev.tanren.launch.RankDevice;
import dev.tanren.launch.RankLaunch;
import dev.tanren.launch.Report;
import dev.tanren.launch.Report.Work;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.launch.StoreConnection;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.plan.validation.ModelFit;
import dev.tanren.storage.checkpoint.CheckpointLayout;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.trainer.checkpoint.CheckpointSaver;
import dev.tanren.trainer.checkpoint.CheckpointState;
import dev.tanren.trainer.checkpoint.Replicas;
import dev.tanren.trainer.checkpoint.StateRestorer;
import dev.tanren.trainer.checkpoint.TrainingState;
import dev.tanren.trainer.data.BatchPrefetcher;
import dev.tanren.trainer.data.SampleOrder;
import dev.tanren.trainer.data.StageData;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.distributed.GlooProcessGroup;
import dev.tanren.trainer.distributed.GradientTree;
import dev.tanren.trainer.distributed.NcclProcessGroup;
import dev.tanren.trainer.distributed.ProcessGroup;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.model.decoder.DecoderTraining;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.model.tensor.TensorOperators;
import dev.tanren.trainer.optimizer.LearningRateSchedule;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// A rank with everything it needs to train one phase.
///
/// Restoring takes the longest, so data is opened and peers are met beside it.
final class RankSession implements AutoCloseable {

    /// A thread for each thing that a rank waits for at its start. The common pool has one on two
    /// cores, and virtual threads would be held up by calls into libraries.
    private static final Executor STARTING =
            task -> Thread.ofPlatform().name("start").daemon().start(task);

    /// Ranks come here at different times; the worker ends those that wait for one that died.
    private static final Duration RENDEZVOUS = Duration.ofMinutes(30);

    /// No transfer is given up because a peer is slow: a peer that dies is noticed by its closed
    /// connection, and one that hangs by the worker, to whom every rank tells its progress.
    private static final Duration COLLECTIVE = Duration.ofDays(7);

    private final RankLaunch launch;
    private final TrainingStage stage;
    private final Timetable timetable;
    private final Timetable.Entry phase;
    private final StageData data;
    private final TrainingState state;
    private final CheckpointState start;
    private final ProcessGroup group;
    private final ObjectStore store;
    private final ComputeDevice device;
    private final Consumer<Report> reports;
    private final Preemption preemption;
    private final Progress progress;

    private RankSession(
            RankLaunch launch,
            Setup setup,
            StageData data,
            TrainingState state,
            CheckpointState start,
            ProcessGroup group,
            Consumer<Report> reports,
            Preemption preemption,
            Progress progress) {
        this.launch = launch;
        this.stage = setup.stage();
        this.timetable = setup.timetable();
        this.phase = setup.phase();
        this.store = setup.store();
        this.device = setup.device();
        this.data = data;
        this.state = state;
        this.start = start;
        this.group = group;
        this.reports = reports;
        this.preemption = preemption;
        this.progress = progress;
    }

    private record Setup(
            TrainingStage stage,
            Timetable timetable,
            Timetable.Entry phase,
            ObjectStore store,
            ComputeDevice device) {}

    /// Restores the state and meets the other ranks.
    ///
    /// @throws TanrenException with the code of whatever is missing or wrong
    static RankSession start(RankLaunch launch, Consumer<Report> reports, Preemption preemption) {
        Progress progress = Progress.start(launch.rank(), reports);
        progress.begin(Work.RESTORING, 0, 0);
        TrainingStage stage = stage(launch);
        Timetable timetable = Timetable.of(stage).without(launch.work().skippedPhases());
        Timetable.Entry phase = timetable.of(launch.work().phaseId());
        requireWholeShares(launch, stage, phase);
        ModelFit.require(stage, phase.phase(), launch.architecture());
        MemoryLimit memory = memoryLimit(launch, stage);
        memory.requirePossible();
        CompletableFuture<Void> natives =
                CompletableFuture.runAsync(
                        () -> NativeRuntime.configure(stage.threadsPerRank()), STARTING);
        ObjectStore store = StoreConnection.open(launch.store());
        CompletableFuture<StageData> data =
                CompletableFuture.supplyAsync(
                        () ->
                                StageData.open(
                                        launch.work().plan(),
                                        stage,
                                        phase,
                                        launch.architecture().vocabSize(),
                                        store,
                                        launch.datasets(),
                                        Path.of(launch.cache()),
                                        progress::sign),
                        STARTING);
        CompletableFuture<ProcessGroup> group =
                natives.thenApplyAsync(done -> join(launch), STARTING);
        join(natives);
        ComputeDevice device = ComputeDevice.open(RankDevice.ofThisProcess(), launch.rank());
        memory.requireFits(device);
        TrainingState state =
                TrainingState.allocate(
                        ParameterLayout.of(launch.architecture()), stage, timetable, device);
        CheckpointState start =
                new StateRestorer(store, Path.of(launch.cache()), progress::sign)
                        .restore(
                                launch.initialState(),
                                launch.work().trainedOn(),
                                state,
                                launch.work().plan().seed());
        return new RankSession(
                launch,
                new Setup(stage, timetable, phase, store, device),
                join(data),
                state,
                start,
                new WatchedProcessGroup(
                        onDevice(progress.awaiting(null, () -> join(group)), device), progress),
                reports,
                preemption,
                progress);
    }

    private static MemoryLimit memoryLimit(RankLaunch launch, TrainingStage stage) {
        return new MemoryLimit(launch, stage, RankDevice.ofThisProcess() != RankDevice.CPU);
    }

    private static TrainingStage stage(RankLaunch launch) {
        if (launch.work().plan().stage(launch.work().stageId()).orElse(null)
                instanceof TrainingStage stage) {
            return stage;
        }
        throw new TanrenException(
                ErrorCode.RANK_LAUNCH,
                "the plan has no training stage of this name",
                "stage " + launch.work().stageId(),
                "Start the attempt again.");
    }

    private static void requireWholeShares(
            RankLaunch launch, TrainingStage stage, Timetable.Entry phase) {
        boolean wholeMicroBatches = phase.sequencesPerStep() % stage.microBatch() == 0;
        if (wholeMicroBatches
                && phase.microBatchesPerStep() >= launch.worldSize()
                && phase.microBatchesPerStep() % launch.worldSize() == 0) {
            return;
        }
        throw new TanrenException(
                ErrorCode.PLAN_INCONSISTENT,
                "a step of "
                        + phase.sequencesPerStep()
                        + " sequences cannot be cut into equal runs of micro-batches of "
                        + stage.microBatch()
                        + " for "
                        + launch.worldSize()
                        + " ranks",
                "stage " + stage.id() + ", phase " + phase.phase().id(),
                "Choose globalBatchTokens as a multiple of sequenceLength · microBatch · ranks.");
    }

    private static ProcessGroup join(RankLaunch launch) {
        if (launch.worldSize() == 1) {
            return ProcessGroup.alone();
        }
        String own = System.getenv(RuntimeCommand.HOST_VARIABLE);
        String host = launch.rendezvousHost();
        GlooProcessGroup.Meeting meeting =
                new GlooProcessGroup.Meeting(
                        host,
                        launch.rendezvousPort(),
                        Long.toString(launch.work().fencingToken()),
                        own != null
                                ? own
                                : GlooProcessGroup.localAddress(host, launch.rendezvousPort()),
                        RENDEZVOUS,
                        COLLECTIVE);
        return GlooProcessGroup.join(meeting, launch.rank(), launch.worldSize());
    }

    private static ProcessGroup onDevice(ProcessGroup group, ComputeDevice device) {
        return group instanceof GlooProcessGroup host && !device.inHostMemory()
                ? NcclProcessGroup.over(host, COLLECTIVE)
                : group;
    }

    private static <T> T join(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    /// Trains to the launch's last step, or until a step on which all ranks agree to stop.
    TrainingLoop.End train() {
        long firstStep = Math.max(start.step() + 1, phase.firstStep());
        try (Decoder decoder =
                        Decoders.create(launch.architecture(), stage.precision(), operators());
                TreeReduction reduction = new TreeReduction(group, device);
                GradientTree gradients = new GradientTree(state.layout().elements(), device);
                HostGradient hostGradient = new HostGradient(device);
                CheckpointSaver saver = saver()) {
            decoder.parameters().useWeights(state.weights());
            if (stage.precision() == TrainingStage.Precision.BF16
                    && device.inHostMemory()
                    && launch.rank() == 0) {
                reports.accept(PrecisionProbe.measure(launch.rank()));
            }
            reports.accept(
                    new Report.Ready(
                            launch.rank(),
                            firstStep - 1,
                            secondsSinceStart(),
                            state.layout().elements(),
                            device.driverName()));
            if (firstStep > launch.work().lastStep()) {
                return new TrainingLoop.End(launch.work().lastStep(), TrainingLoop.Ending.FINISHED);
            }
            SampleOrder order = data.order(start.step(), start.values());
            try (BatchPrefetcher batches =
                    new BatchPrefetcher(
                            order,
                            launch.rank(),
                            launch.worldSize(),
                            firstStep,
                            launch.work().lastStep())) {
                TrainingLoop.Parts parts =
                        new TrainingLoop.Parts(
                                new StepComputation(
                                        new DecoderTraining(
                                                decoder,
                                                stage.activations(),
                                                stage.objective(),
                                                progress::sign),
                                        gradients,
                                        stage.parallelism().runsOfRank(launch.worldSize()),
                                        reduction,
                                        hostGradient,
                                        progress),
                                state,
                                LearningRateSchedule.of(stage, timetable),
                                order,
                                batches,
                                saver,
                                new Replicas(state, group, reduction),
                                evaluator(decoder, reduction),
                                new AnomalyWatch(
                                        stage.anomalies(),
                                        launch.work().phaseId(),
                                        start.values(),
                                        launch.work().skippedSteps()),
                                memoryLimit(launch, stage),
                                preemption,
                                progress,
                                reports);
                return new TrainingLoop(launch, stage, timetable, start, parts)
                        .run(firstStep, start.step() == 0);
            }
        }
    }

    private Operators operators() {
        return device.inHostMemory() ? new HostOperators() : new TensorOperators(device);
    }

    private CheckpointSaver saver() {
        String name = "rank-" + launch.rank() + "-of-" + launch.worldSize();
        return new CheckpointSaver(
                new ShardWriter(store),
                state,
                launch.rank(),
                launch.worldSize(),
                step ->
                        CheckpointLayout.shardKey(
                                launch.work().runId(),
                                launch.work().stageId(),
                                step,
                                launch.work().fencingToken(),
                                name),
                reports);
    }

    private Evaluator evaluator(Decoder decoder, TreeReduction reduction) {
        return new Evaluator(
                new DecoderEvaluation(decoder, progress::sign),
                state,
                reduction,
                launch.rank(),
                launch.worldSize(),
                data.heldOut(),
                progress);
    }

    private static double secondsSinceStart() {
        return (System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime())
                / 1000.0;
    }

    @Override
    public void close() {
        group.close();
        state.close();
        device.close();
        store.close();
    }
}
