package dev.tanren.activities.gang;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.SlotMarkUsedContext;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotReleaseContext;
import io.temporal.worker.tuning.SlotReserveContext;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// How many gangs a worker runs at a time, over both queues it takes them from: the shared one and
/// its own.
///
/// A poll of the shared queue holds a slot while it waits, and none is sent out while every slot is
/// held. Polls of the own queue hold none, or idle ones would keep the shared queue waiting. So a
/// gang may come from either queue when another has just taken the last slot: it is refused, and
/// goes to the shared queue. Safe for use by many threads.
public final class GangSlots {

    private final int size;
    private final NavigableMap<Long, CompletableFuture<SlotPermit>> waiting = new TreeMap<>();
    private long tickets;
    private int shared;
    private int own;
    private int atWork;

    /// @param size gangs at a time
    public GangSlots(int size) {
        this.size = size;
    }

    /// A gang's place, from the moment it is taken.
    public interface Slot extends AutoCloseable {
        @Override
        void close();
    }

    /// @param ownQueue whether the gang comes from the worker's own queue
    /// @throws TanrenException `WORKER_FULL` where as many gangs are at work as there may be
    public synchronized Slot take(boolean ownQueue) {
        if (atWork >= size) {
            throw new TanrenException(
                    ErrorCode.WORKER_FULL,
                    "all " + size + " slots for gangs are taken",
                    "worker",
                    "nothing to do: the gang goes to the next worker that has room");
        }
        atWork++;
        own += ownQueue ? 1 : 0;
        return () -> leave(ownQueue);
    }

    private synchronized void leave(boolean ownQueue) {
        atWork--;
        own -= ownQueue ? 1 : 0;
        grant();
    }

    /// Decides when the shared queue is polled.
    public SlotSupplier<ActivitySlotInfo> forSharedQueue() {
        return new SharedQueue();
    }

    private boolean free() {
        return shared + own < size;
    }

    private void grant() {
        while (free() && !waiting.isEmpty()) {
            if (waiting.pollFirstEntry().getValue().complete(new SlotPermit())) {
                shared++;
            }
        }
    }

    private synchronized SlotSupplierFuture reserve() {
        CompletableFuture<SlotPermit> reservation = new CompletableFuture<>();
        long ticket = tickets++;
        waiting.put(ticket, reservation);
        grant();
        return SlotSupplierFuture.fromCompletableFuture(reservation, () -> giveUp(ticket));
    }

    private synchronized @Nullable SlotPermit reserveNow() {
        if (!free()) {
            return null;
        }
        shared++;
        return new SlotPermit();
    }

    private synchronized void giveUp(long ticket) {
        if (waiting.remove(ticket) == null) {
            // It was granted in this very moment, and nobody will hear of it.
            release();
        }
    }

    private synchronized void release() {
        shared--;
        grant();
    }

    private final class SharedQueue implements SlotSupplier<ActivitySlotInfo> {

        @Override
        public SlotSupplierFuture reserveSlot(SlotReserveContext<ActivitySlotInfo> context) {
            return reserve();
        }

        @Override
        public Optional<SlotPermit> tryReserveSlot(SlotReserveContext<ActivitySlotInfo> context) {
            return Optional.ofNullable(reserveNow());
        }

        @Override
        public void markSlotUsed(SlotMarkUsedContext<ActivitySlotInfo> context) {
            // A slot is held from the moment it is reserved.
        }

        @Override
        public void releaseSlot(SlotReleaseContext<ActivitySlotInfo> context) {
            release();
        }

        @Override
        public Optional<Integer> getMaximumSlots() {
            return Optional.of(size);
        }
    }
}
