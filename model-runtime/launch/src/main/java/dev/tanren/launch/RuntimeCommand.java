package dev.tanren.launch;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How a JVM of the model runtime is started: argument vector and the environment variables to set
/// beside those it inherits. No shell is involved, and no secret is in either.
///
/// Tensors lie outside the heap, so heaps are small. Kernels give the same bits only with the same
/// number of threads, so it is fixed for OpenMP and MKL alike, and MKL is kept from choosing its
/// code path by alignment (`MKL_CBWR`) or its own number of threads (`MKL_DYNAMIC`). glibc would
/// give the memory of large tensors back to the system at every free; its thresholds are raised.
///
/// @param arguments the executable first
/// @param environment to be put over the inherited environment
public record RuntimeCommand(List<String> arguments, Map<String, String> environment) {

    /// The archive of the trainer's classes (class-data sharing), beside the natives; used where it
    /// is there and fits.
    public static final String TRAINER_ARCHIVE = "trainer.jsa";

    /// Names the code path of MKL's products, [#MKL_CODE_PATH].
    public static final String CODE_PATH_VARIABLE = "MKL_CBWR";

    /// The processor's best code path, and that one whatever the memory's alignment.
    public static final String MKL_CODE_PATH = "AUTO,STRICT";

    /// Names the address that other ranks connect to; unless it is set, that of the route to the
    /// rendezvous.
    public static final String HOST_VARIABLE = "TANREN_RANK_HOST";

    /// Names the library that multiplies matrices, [#PRODUCTS].
    public static final String PRODUCTS_PROPERTY = "org.bytedeco.openblas.load";

    public static final String PRODUCTS = "mkl";

    private static final String GIBIBYTE = Long.toString(1L << 30);
    private static final String HEAP = "-Xmx";
    private static final long LEAST_HEAP = 256L << 20;
    private static final long MOST_HEAP = 1L << 30;
    private static final String QUARTER_GIBIBYTE = Long.toString(1L << 28);

    private static final String CPU_LIBRARIES = "-Dorg.bytedeco.javacpp.platform.extension=";

    /// A thread that waits soon sleeps; spinning takes the cores from the other ranks.
    private static final String SPINS = "2000";

    public RuntimeCommand {
        arguments = List.copyOf(arguments);
        environment = java.util.Collections.unmodifiableMap(new TreeMap<>(environment));
    }

    /// A process of the trainer: libtorch through JavaCPP, with MKL.
    ///
    /// @param java the `java` executable of a JDK 25
    /// @param natives folder that holds the extracted native libraries; filled by the trainer's
    ///     `NativesMain` before any other process starts, because two that extract at once corrupt
    ///     each other
    /// @param threads CPU threads of the process
    public static RuntimeCommand trainer(
            Path java,
            String classpath,
            Path natives,
            String mainClass,
            int threads,
            List<String> arguments) {
        List<String> flags = commonFlags();
        Path archive = natives.resolve(TRAINER_ARCHIVE);
        if (Files.isRegularFile(archive)) {
            flags.add("-XX:SharedArchiveFile=" + archive);
        }
        flags.add("-Xms64m");
        flags.add(HEAP + "1g");
        flags.add("-Dorg.bytedeco.javacpp.cachedir=" + natives);
        flags.add("-D" + PRODUCTS_PROPERTY + "=" + PRODUCTS);
        // JavaCPP would otherwise hold native memory against the size of the heap.
        flags.add("-Dorg.bytedeco.javacpp.maxbytes=0");
        flags.add("-Dorg.bytedeco.javacpp.maxphysicalbytes=0");
        flags.add("-Dtanren.threads=" + threads);
        // Else JavaCPP takes the libraries for GPUs first, where a build has left them.
        flags.add(CPU_LIBRARIES);
        Map<String, String> environment = environment(threads);
        // One pool of threads for libtorch and MKL instead of one each.
        environment.put("MKL_THREADING_LAYER", "GNU");
        environment.put("GOMP_SPINCOUNT", SPINS);
        return command(java, classpath, flags, mainClass, arguments, environment);
    }

    /// A process of the inference runtime: DJL's own libtorch, which must never meet the trainer's.
    ///
    /// @param natives folder of DJL's extracted libraries, also given as `TANREN_NATIVES`; it never
    ///     goes to the network for more
    public static RuntimeCommand inference(
            Path java,
            String classpath,
            Path natives,
            String mainClass,
            int threads,
            List<String> arguments) {
        List<String> flags = commonFlags();
        flags.add(HEAP + "1g");
        flags.add("-DDJL_CACHE_DIR=" + natives);
        flags.add("-DENGINE_CACHE_DIR=" + natives);
        flags.add("-Dai.djl.offline=true");
        flags.add("-Dai.djl.pytorch.num_threads=" + threads);
        flags.add("-Dai.djl.pytorch.num_interop_threads=1");
        Map<String, String> environment = environment(threads);
        environment.put("OPT_OUT_TRACKING", "true");
        environment.put(DjlSettings.NATIVES_VARIABLE, natives.toString());
        return command(java, classpath, flags, mainClass, arguments, environment);
    }

    /// The same process with a heap that fits what it may have resident: half of it at most, since
    /// tensors lie outside, never more than a gibibyte, and never too little to start with.
    ///
    /// @param bytes of all its memory
    public RuntimeCommand withMemory(long bytes) {
        long heap = Math.clamp(bytes / 2, LEAST_HEAP, MOST_HEAP);
        List<String> sized = new ArrayList<>(arguments);
        sized.replaceAll(
                argument -> argument.startsWith(HEAP) ? HEAP + (heap >> 20) + "m" : argument);
        return new RuntimeCommand(sized, environment);
    }

    /// The same process, which writes an archive of its classes as it ends.
    public RuntimeCommand archivingClasses(Path archive) {
        List<String> archiving = new ArrayList<>(withoutClassArchive().arguments);
        archiving.add(1, "-XX:ArchiveClassesAtExit=" + archive);
        return new RuntimeCommand(archiving, environment);
    }

    /// The same process, which reads all its classes from their jars.
    public RuntimeCommand withoutClassArchive() {
        List<String> plain = new ArrayList<>(arguments);
        plain.removeIf(argument -> argument.startsWith("-XX:SharedArchiveFile="));
        return new RuntimeCommand(plain, environment);
    }

    /// The same process with its ranks on this device.
    ///
    /// The archive of classes is of a process on the CPU, so it is left out; NCCL's own watchdog
    /// ends a rank whose peers are gone.
    public RuntimeCommand on(RankDevice device) {
        return switch (device) {
            case CPU -> this;
            case CUDA -> {
                List<String> flags = new ArrayList<>(withoutClassArchive().arguments);
                flags.set(flags.indexOf(CPU_LIBRARIES), CPU_LIBRARIES + "-gpu");
                flags.add(1, "-D" + RankDevice.PROPERTY + "=" + device.label());
                Map<String, String> variables = new TreeMap<>(environment);
                variables.put("TORCH_NCCL_ASYNC_ERROR_HANDLING", "1");
                yield new RuntimeCommand(flags, variables);
            }
        };
    }

    /// A builder of the process, whose streams and folder the caller sets, and what it may know of
    /// secrets. Of the caller's own environment it has what [InheritedVariables] says.
    public ProcessBuilder processBuilder() {
        ProcessBuilder builder = new ProcessBuilder(arguments);
        builder.environment().keySet().removeIf(name -> !InheritedVariables.contain(name));
        builder.environment().putAll(environment);
        return builder;
    }

    private static List<String> commonFlags() {
        List<String> flags = new ArrayList<>();
        flags.add("-XX:+UseSerialGC");
        flags.add("-XX:+TieredCompilation");
        flags.add("-XX:-UsePerfData");
        flags.add("-Xshare:auto");
        flags.add("-Xlog:disable");
        flags.add("-Xlog:all=error:stderr");
        // It reports, as errors, the options that an archive does not record.
        flags.add("-Xlog:cds=off:stderr");
        flags.add("--enable-native-access=ALL-UNNAMED");
        flags.add("--sun-misc-unsafe-memory-access=allow");
        flags.add("-Dfile.encoding=UTF-8");
        return flags;
    }

    private static Map<String, String> environment(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("at least one thread, not " + threads);
        }
        Map<String, String> environment = new TreeMap<>();
        environment.put("OMP_NUM_THREADS", Integer.toString(threads));
        environment.put("MKL_NUM_THREADS", Integer.toString(threads));
        environment.put("MKL_DYNAMIC", "FALSE");
        environment.put("OMP_DYNAMIC", "FALSE");
        environment.put(CODE_PATH_VARIABLE, MKL_CODE_PATH);
        environment.put("MALLOC_MMAP_THRESHOLD_", GIBIBYTE);
        environment.put("MALLOC_TRIM_THRESHOLD_", GIBIBYTE);
        environment.put("MALLOC_TOP_PAD_", QUARTER_GIBIBYTE);
        return environment;
    }

    private static RuntimeCommand command(
            Path java,
            String classpath,
            List<String> flags,
            String mainClass,
            List<String> arguments,
            Map<String, String> environment) {
        List<String> all = new ArrayList<>();
        all.add(java.toString());
        all.addAll(flags);
        all.add("-cp");
        all.add(classpath);
        all.add(mainClass);
        all.addAll(arguments);
        return new RuntimeCommand(all, environment);
    }
}
