package dev.tanren.trainer.tools;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch_gloo;

/// Extracts the native libraries into JavaCPP's cache and loads them once.
///
/// To be run before any other process of the trainer: two that extract at once corrupt each other's
/// files.
public final class NativesMain {

    private NativesMain() {}

    public static void main(String[] arguments) {
        NativeRuntime.configure(1);
        Loader.load(torch_gloo.class);
        System.out.println("natives " + Loader.getPlatform());
    }
}
