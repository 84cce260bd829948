package dev.tanren.trainer.distributed;

import org.bytedeco.pytorch.Tensor;

/// The ranks of one attempt, as one of them sees them. One thread uses it at a time.
public interface ProcessGroup extends AutoCloseable {

    int rank();

    int worldSize();

    /// Sends a contiguous tensor to a rank while receiving one from it; both ranks call it, with
    /// the sizes matching. Either may be empty, which sends or receives nothing.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `COLLECTIVE_FAILED` where the peer is gone
    ///     or does not answer in time
    void exchange(int peer, Tensor send, Tensor receive);

    @Override
    void close();

    /// A group of one rank, which has nobody to talk to.
    static ProcessGroup alone() {
        return new ProcessGroup() {
            @Override
            public int rank() {
                return 0;
            }

            @Override
            public int worldSize() {
                return 1;
            }

            @Override
            public void exchange(int peer, Tensor send, Tensor receive) {
                throw new IllegalStateException("a rank alone has no peer " + peer);
            }

            @Override
            public void close() {}
        };
    }
}
