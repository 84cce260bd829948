package dev.tanren.trainer.tools;

import dev.tanren.launch.RankDevice;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch_cuda;
import org.bytedeco.pytorch.global.torch_gloo;
import org.bytedeco.pytorch.global.torch_nccl;

/// Extracts the native libraries into JavaCPP's cache and loads them once.
///
/// To be run before any other process of the trainer: two that extract at once corrupt each other's
/// files.
public final class NativesMain {

    private NativesMain() {}

    public static void main(String[] arguments) {
        NativeRuntime.configure(1);
        Loader.load(torch_gloo.class);
        if (RankDevice.ofThisProcess() == RankDevice.CUDA) {
            Loader.load(cudart.class);
            Loader.load(torch_cuda.class);
            Loader.load(torch_nccl.class);
        }
        System.out.println("natives " + Loader.getPlatform());
    }
}
