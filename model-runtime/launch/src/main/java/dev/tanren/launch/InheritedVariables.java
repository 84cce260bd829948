package dev.tanren.launch;

import java.util.List;
import java.util.Set;

/// What a process of the model runtime inherits of the environment of whoever starts it: where
/// programs and libraries lie, and what tunes them. Everything else stays behind, and with it every
/// secret that the starter has: what a rank must know it is given by name.
final class InheritedVariables {

    private static final Set<String> NAMES =
            Set.of(
                    "PATH",
                    "HOME",
                    "USER",
                    "LOGNAME",
                    "LANG",
                    "TZ",
                    "TMPDIR",
                    "LD_LIBRARY_PATH",
                    "LD_PRELOAD",
                    "GLIBC_TUNABLES",
                    DjlSettings.NATIVES_VARIABLE,
                    RuntimeCommand.HOST_VARIABLE);

    private static final List<String> FAMILIES =
            List.of(
                    "LC_",
                    "CUDA_",
                    "NVIDIA_",
                    "NCCL_",
                    "TORCH_",
                    "PYTORCH_",
                    "GLOO_",
                    "OMP_",
                    "GOMP_",
                    "KMP_",
                    "MKL_",
                    "MALLOC_");

    private InheritedVariables() {}

    static boolean contain(String name) {
        return NAMES.contains(name) || FAMILIES.stream().anyMatch(name::startsWith);
    }
}
