package dev.tanren.trainer.rank;

import dev.tanren.trainer.distributed.ProcessGroup;
import org.bytedeco.pytorch.Tensor;

/// A process group whose waits are told.
record WatchedProcessGroup(ProcessGroup group, Progress progress) implements ProcessGroup {

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
        progress.awaiting(
                peer,
                () -> {
                    group.exchange(peer, send, receive);
                    return peer;
                });
    }

    @Override
    public void close() {
        group.close();
    }
}
