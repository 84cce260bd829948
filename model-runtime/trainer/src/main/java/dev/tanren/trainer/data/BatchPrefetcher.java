package dev.tanren.trainer.data;

import dev.tanren.trainer.model.MicroBatch;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/// Reads a rank's micro-batches of the next step in a thread while the current one is computed.
///
/// Rank `r` of `R` has the `r`-th of `R` equal runs of micro-batches, which is a subtree of the
/// tree that gradients are summed in.
public final class BatchPrefetcher implements AutoCloseable {

    /// @param own this rank's micro-batches
    /// @param firstOwn index of the first of them in the whole step
    /// @param targets target tokens of the whole step
    public record Prepared(
            GlobalBatch batch, List<MicroBatch> own, int firstOwn, long targets, String hash) {
        public Prepared {
            own = List.copyOf(own);
        }
    }

    private final SampleOrder order;
    private final int rank;
    private final int worldSize;
    private final long lastStep;
    private final ExecutorService reader =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("batches").factory());
    private long nextStep;
    private CompletableFuture<Prepared> next;

    /// @param firstStep the first one that [#next()] gives
    /// @param lastStep the last one
    public BatchPrefetcher(
            SampleOrder order, int rank, int worldSize, long firstStep, long lastStep) {
        this.order = order;
        this.rank = rank;
        this.worldSize = worldSize;
        this.lastStep = lastStep;
        this.nextStep = firstStep;
        this.next = submit(firstStep);
    }

    /// Waits for the next step's batch and begins to read the one after it.
    public Prepared next() {
        if (nextStep > lastStep) {
            throw new IllegalStateException("no batch after step " + lastStep);
        }
        try {
            Prepared prepared = next.join();
            nextStep++;
            if (nextStep <= lastStep) {
                next = submit(nextStep);
            }
            return prepared;
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private CompletableFuture<Prepared> submit(long step) {
        return CompletableFuture.supplyAsync(() -> prepare(step), reader);
    }

    private Prepared prepare(long step) {
        GlobalBatch batch = order.at(step);
        int share = batch.microBatches() / worldSize;
        List<MicroBatch> own =
                IntStream.range(rank * share, (rank + 1) * share)
                        .mapToObj(batch::microBatch)
                        .toList();
        return new Prepared(batch, own, rank * share, batch.targets(), batch.hash());
    }

    @Override
    public void close() {
        reader.shutdownNow();
    }
}
