package dev.tanren.trainer.tools;

import dev.tanren.trainer.parameters.ComputeThreads;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/// Brings up libtorch in this process. Call [#configure] before the first tensor.
///
/// A process of the trainer is started with `-Dorg.bytedeco.openblas.load=mkl`, with the same
// number of threads in
/// `OMP_NUM_THREADS` and `MKL_NUM_THREADS`, and with `MKL_DYNAMIC=FALSE`: these are read when the
// libraries load, so they
/// belong to the command that starts it (`dev.tanren.launch.RuntimeCommand`).
public final class NativeRuntime {

    private NativeRuntime() {}

    /// Loads the native libraries and fixes the number of threads of libtorch's kernels and of the
    // trainer's own loops,
    /// on which the bits of sums depend.
    ///
    /// @param threads at least 1
    public static void configure(int threads) {
        Loader.load(torch.class);
        torch.set_num_threads(threads);
        ComputeThreads.configure(threads);
    }

    /// Most memory that this process has had resident, in MiB; 0 where the system does not tell.
    public static double peakResidentMiB() {
        return org.bytedeco.javacpp.Pointer.physicalBytes() / (double) (1 << 20);
    }
}
