package dev.tanren.trainer.tools;

import dev.tanren.launch.RuntimeCommand;
import dev.tanren.trainer.parameters.ComputeThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/// Brings up libtorch in this process. Call [#configure] before the first tensor.
///
/// All that decides bits is set here before the libraries load, whatever the process was started
/// with: which library multiplies, how many threads it has, and that it chooses its code path by
/// neither alignment nor load. What is only about speed gives way to the caller's own value.
public final class NativeRuntime {

    private static final Path STATUS = Path.of("/proc/self/status");

    private NativeRuntime() {}

    /// Loads the native libraries and fixes the number of threads of their kernels and of the
    /// trainer's own loops, on which the bits of sums depend.
    ///
    /// @param threads at least 1
    public static void configure(int threads) {
        configure(threads, true);
    }

    /// The same, for benchmarks that measure what a fixed code path costs.
    ///
    /// @param fixedCodePath whether matrix products take one code path whatever the memory; their
    ///     bits may change from one time to the next where they do not
    public static void configure(int threads, boolean fixedCodePath) {
        if (threads < 1) {
            throw new IllegalArgumentException("at least one thread, not " + threads);
        }
        String count = Integer.toString(threads);
        NativeEnvironment.set("OMP_NUM_THREADS", count);
        NativeEnvironment.set("MKL_NUM_THREADS", count);
        NativeEnvironment.set("OMP_DYNAMIC", "FALSE");
        NativeEnvironment.set("MKL_DYNAMIC", "FALSE");
        if (fixedCodePath) {
            NativeEnvironment.set(RuntimeCommand.CODE_PATH_VARIABLE, RuntimeCommand.MKL_CODE_PATH);
        } else {
            NativeEnvironment.unset(RuntimeCommand.CODE_PATH_VARIABLE);
        }
        System.setProperty(RuntimeCommand.PRODUCTS_PROPERTY, RuntimeCommand.PRODUCTS);
        // One pool for libtorch and MKL instead of one each.
        NativeEnvironment.setDefault("MKL_THREADING_LAYER", "GNU");
        // A thread that waits soon sleeps: with more threads than cores, spinning is what takes
        // time.
        NativeEnvironment.setDefault("GOMP_SPINCOUNT", "2000");
        // cuBLAS gives the same bits only with a workspace of a fixed size.
        NativeEnvironment.setDefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        Loader.load(torch.class);
        torch.set_num_threads(threads);
        ComputeThreads.configure(threads);
    }

    /// Most memory that this process has had resident at once, in MiB; 0 where the system does not
    /// tell.
    public static double peakResidentMiB() {
        try {
            List<String> lines = Files.readAllLines(STATUS);
            return lines.stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
