package dev.tanren.trainer.distributed;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// Sums over ranks along the upper levels of the tree of [GradientTree].
///
/// Recursive halving: with the neighbour at distance 1, then 2, then 4, a rank swaps one half of
/// what it still owns and adds what it gets, so after `log₂ ranks` exchanges each rank owns one
/// part of the sum. Every part was added in the order of the tree, and IEEE addition is
/// commutative, so both neighbours compute the same bits. Recursive doubling then spreads the
/// parts, back from the largest distance (Thakur, Rabenseifner and Gropp, *Optimization of
/// Collective Communication Operations in MPICH*, 2005). Each rank sends and receives twice the
/// buffer less two parts.
public final class TreeReduction implements AutoCloseable {

    /// Elements of one message, and of the only buffer that this needs.
    static final long CHUNK = 1 << 18;

    private final ProcessGroup group;
    private final FlatBuffer incoming;
    private final Scalar one;

    /// Of buffers in the host's memory.
    ///
    /// @throws TanrenException `RANK_LAUNCH` where the number of ranks is no power of two
    public TreeReduction(ProcessGroup group) {
        this(group, ComputeDevice.HOST);
    }

    /// @param device whose memory the buffers lie in
    /// @throws TanrenException `RANK_LAUNCH` where the number of ranks is no power of two
    public TreeReduction(ProcessGroup group, ComputeDevice device) {
        if (Integer.bitCount(group.worldSize()) != 1) {
            throw new TanrenException(
                    ErrorCode.RANK_LAUNCH,
                    "the number of data ranks is " + group.worldSize() + ", not a power of two",
                    "parallelism.data",
                    "Use 1, 2, 4, 8 … data ranks: their sums have the same bits.");
        }
        this.group = group;
        this.incoming = FlatBuffer.allocate(CHUNK, device);
        this.one = new Scalar(1.0);
        one.retainReference();
    }

    /// Replaces the buffer by the sum over all ranks, equal on all of them.
    public void sum(FlatBuffer buffer) {
        long from = 0;
        long to = buffer.elements();
        Deque<long[]> owned = new ArrayDeque<>();
        for (int distance = 1; distance < group.worldSize(); distance *= 2) {
            owned.push(new long[] {from, to});
            long middle = (from + to) >>> 1;
            int peer = group.rank() ^ distance;
            if ((group.rank() & distance) == 0) {
                swapAndAdd(peer, buffer.tensor(), middle, to, from, middle);
                to = middle;
            } else {
                swapAndAdd(peer, buffer.tensor(), from, middle, middle, to);
                from = middle;
            }
        }
        for (int distance = group.worldSize() / 2; distance >= 1; distance /= 2) {
            long[] whole = owned.pop();
            int peer = group.rank() ^ distance;
            boolean lower = (group.rank() & distance) == 0;
            long otherFrom = lower ? to : whole[0];
            long otherTo = lower ? whole[1] : from;
            swap(peer, buffer.tensor(), from, to, otherFrom, otherTo);
            from = whole[0];
            to = whole[1];
        }
    }

    private void swapAndAdd(
            int peer, Tensor buffer, long sendFrom, long sendTo, long keepFrom, long keepTo) {
        long length = Math.max(sendTo - sendFrom, keepTo - keepFrom);
        for (long at = 0; at < length; at += CHUNK) {
            try (PointerScope _ = new PointerScope()) {
                Tensor send = chunk(buffer, sendFrom + at, sendTo);
                Tensor keep = chunk(buffer, keepFrom + at, keepTo);
                Tensor received = incoming.tensor().narrow(0, 0, keep.numel());
                group.exchange(peer, send, received);
                keep.add_(received, one);
            }
        }
    }

    private void swap(
            int peer, Tensor buffer, long sendFrom, long sendTo, long takeFrom, long takeTo) {
        long length = Math.max(sendTo - sendFrom, takeTo - takeFrom);
        for (long at = 0; at < length; at += CHUNK) {
            try (PointerScope _ = new PointerScope()) {
                group.exchange(
                        peer,
                        chunk(buffer, sendFrom + at, sendTo),
                        chunk(buffer, takeFrom + at, takeTo));
            }
        }
    }

    private static Tensor chunk(Tensor buffer, long from, long to) {
        long start = Math.min(from, to);
        return buffer.narrow(0, start, Math.min(CHUNK, to - start));
    }

    /// The sum over all ranks of a few numbers, in double precision, in the same tree.
    ///
    /// Where each number is set by one rank alone and 0 on the others, the sum is exact.
    public double[] sum(double... values) {
        double[] sums = values.clone();
        if (group.worldSize() == 1) {
            return sums;
        }
        // Two fp32 places carry the bits of one double; nothing computes on them.
        long places = 2L * sums.length;
        try (FlatBuffer outgoing = FlatBuffer.allocate(places);
                FlatBuffer answer = FlatBuffer.allocate(places)) {
            for (int distance = 1; distance < group.worldSize(); distance *= 2) {
                for (int i = 0; i < sums.length; i++) {
                    outgoing.segment().setAtIndex(ValueLayout.JAVA_DOUBLE, i, sums[i]);
                }
                group.exchange(group.rank() ^ distance, outgoing.tensor(), answer.tensor());
                for (int i = 0; i < sums.length; i++) {
                    sums[i] += answer.segment().getAtIndex(ValueLayout.JAVA_DOUBLE, i);
                }
            }
        }
        return sums;
    }

    @Override
    public void close() {
        one.releaseReference();
        incoming.close();
    }
}
