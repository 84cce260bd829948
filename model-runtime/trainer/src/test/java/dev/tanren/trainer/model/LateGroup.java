package dev.tanren.trainer.model;

import dev.tanren.trainer.distributed.ProcessGroup;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.pytorch.Tensor;

/// A rank that comes to every exchange at a random time.
record LateGroup(ProcessGroup group) implements ProcessGroup {

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public int worldSize() {
        return group.worldSize();
    }

    @Override
    public void exchange(int peer, Tensor send, Tensor receive) {
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(3_000_000));
        group.exchange(peer, send, receive);
    }

    @Override
    public void close() {
        group.close();
    }
}
