package dev.tanren.trainer.checkpoint;

import dev.tanren.launch.Report;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.trainer.checkpoint.TrainingState.NamedTensor;
import dev.tanren.trainer.parameters.ComputeThreads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// Saves a rank's share of the state while training goes on.
///
/// [#snapshot] copies the share into memory of its own, which is all that training waits for, and
/// [#upload] hashes and sends the copy from another thread, which gives way to those that train.
/// One save is under way at most: the next snapshot waits for it, and says so where that takes
/// long. An upload that failed is thrown by the next call.
public final class CheckpointSaver implements AutoCloseable {

    private static final long SAYS_SO_EVERY_MILLIS = 2_000;

    private final ShardWriter writer;
    private final int rank;
    private final LongFunction<String> shardKey;
    private final Consumer<Report> reports;
    private final List<NamedTensor> share;
    private final List<ShardWriter.Slice> copies = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final ExecutorService uploads =
            Executors.newSingleThreadExecutor(
                    work ->
                            Thread.ofPlatform()
                                    .daemon()
                                    .name("checkpoint")
                                    .unstarted(BackgroundThread.of(work)));
    private @Nullable Future<?> underWay;
    private long snapshotStep = -1;
    private Map<String, String> snapshotState = Map.of();

    /// @param shardKey gives the key of this rank's shard for a step
    /// @param reports is told, on another thread, of each shard that is in the store, and of waits
    ///     for that
    public CheckpointSaver(
            ShardWriter writer,
            TrainingState state,
            int rank,
            int worldSize,
            LongFunction<String> shardKey,
            Consumer<Report> reports) {
        this.writer = writer;
        this.rank = rank;
        this.shardKey = shardKey;
        this.reports = reports;
        this.share = ShardPlan.share(state.tensors(), rank, worldSize);
    }

    /// Copies the share, after waiting for the save before this one. The weights may change as soon
    /// as it returns.
    ///
    /// @param state what the checkpoint keeps beside tensors
    /// @throws dev.tanren.plan.error.TanrenException of the storage class where the save before
    ///     this one failed
    public void snapshot(long step, Map<String, String> state) {
        await();
        if (copies.isEmpty()) {
            allocate();
        }
        ComputeThreads.loop(
                share.size(),
                1,
                (from, to) -> {
                    for (int i = (int) from; i < to; i++) {
                        copies.get(i).bytes().copyFrom(share.get(i).bytes());
                    }
                });
        snapshotStep = step;
        snapshotState = Map.copyOf(state);
    }

    /// Begins to send the last snapshot.
    public void upload() {
        long step = snapshotStep;
        Map<String, String> state = snapshotState;
        underWay = uploads.submit(() -> send(step, state));
    }

    private void send(long step, Map<String, String> state) {
        long start = System.nanoTime();
        CheckpointManifest.Shard shard = writer.write(shardKey.apply(step), copies);
        reports.accept(
                new Report.ShardSaved(
                        rank, step, shard, state, (System.nanoTime() - start) * 1e-9));
    }

    private void allocate() {
        for (NamedTensor tensor : share) {
            MemorySegment copy = arena.allocate(tensor.bytes().byteSize(), 64);
            copies.add(new ShardWriter.Slice(tensor.name(), tensor.shape(), copy));
        }
    }

    /// Waits until the save under way is stored and reported.
    ///
    /// @throws dev.tanren.plan.error.TanrenException of the storage class where it failed
    public void await() {
        Future<?> future = underWay;
        if (future == null) {
            return;
        }
        underWay = null;
        try {
            awaitAloud(future);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("a checkpoint could not be saved", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a checkpoint was saved", e);
        }
    }

    private void awaitAloud(Future<?> future) throws ExecutionException, InterruptedException {
        long start = System.nanoTime();
        while (true) {
            try {
                future.get(SAYS_SO_EVERY_MILLIS, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                double seconds = (System.nanoTime() - start) * 1e-9;
                reports.accept(new Report.SaveAwaited(rank, snapshotStep, seconds));
            }
        }
    }

    /// Waits for the save under way, then frees the copy.
    @Override
    public void close() {
        try {
            await();
        } finally {
            uploads.shutdown();
            arena.close();
        }
    }
}
