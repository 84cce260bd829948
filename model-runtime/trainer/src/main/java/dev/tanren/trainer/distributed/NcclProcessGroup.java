package dev.tanren.trainer.distributed;

import dev.tanren.plan.error.TanrenException;
import java.time.Duration;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;

/// Ranks connected by PyTorch's c10d over NCCL for tensors on GPUs, and over Gloo for those in the
/// host's memory.
///
/// A transfer between GPUs is put on the rank's stream: it has been made when the stream has come
/// to it, and a peer that is gone or hangs is noticed by NCCL's watchdog, which ends the rank.
public final class NcclProcessGroup implements ProcessGroup {

    private static final int TAG = 1;

    private final GlooProcessGroup host;
    private final ProcessGroupNCCL nccl;

    private NcclProcessGroup(GlooProcessGroup host, ProcessGroupNCCL nccl) {
        this.host = host;
        this.nccl = nccl;
    }

    /// @param host which has met; it is closed with this group
    /// @param collective how long one transfer may take
    public static NcclProcessGroup over(GlooProcessGroup host, Duration collective) {
        try (PointerScope _ = new PointerScope()) {
            // NCCL's own meeting is at the first exchange, which ranks reach at different times.
            host.store().setTimeout(GlooProcessGroup.milliseconds(collective));
            ProcessGroupNCCL.Options options = ProcessGroupNCCL.Options.create();
            options.timeout(GlooProcessGroup.milliseconds(collective));
            ProcessGroupNCCL nccl =
                    new ProcessGroupNCCL(
                            GlooProcessGroup.counted(new PrefixStore("nccl", host.store())),
                            host.rank(),
                            host.worldSize(),
                            options);
            nccl.retainReference();
            return new NcclProcessGroup(host, nccl);
        }
    }

    @Override
    public int rank() {
        return host.rank();
    }

    @Override
    public int worldSize() {
        return host.worldSize();
    }

    /// Sending and receiving are one operation of the stream: apart, each rank would wait for the
    /// other to receive first.
    @Override
    public void exchange(int peer, Tensor send, Tensor receive) {
        if (!send.is_cuda()) {
            host.exchange(peer, send, receive);
            return;
        }
        try (PointerScope _ = new PointerScope()) {
            nccl.startCoalescing();
            if (receive.numel() > 0) {
                nccl.recv(new TensorVector(receive), peer, TAG);
            }
            if (send.numel() > 0) {
                nccl.send(new TensorVector(send), peer, TAG);
            }
            Work both = nccl.endCoalescing();
            both._wait();
        } catch (RuntimeException e) {
            throw failed(peer, e);
        }
    }

    private TanrenException failed(int peer, RuntimeException cause) {
        return GlooProcessGroup.failed(
                "a transfer with the device of rank "
                        + peer
                        + " failed: "
                        + GlooProcessGroup.first(cause),
                "rank " + rank(),
                cause);
    }

    @Override
    public void close() {
        nccl.shutdown();
        nccl.releaseReference();
        host.close();
    }
}
