package dev.tanren.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// DJL's libtorch and JavaCPP's have the same file names and other contents: one process must never
/// load both, so neither may come onto the other's class path. DJL's API and tokenizers, which hold
/// no libtorch, are welcome.
class SeparateRuntimesTest {

    @Test
    void djlsLibtorchIsNotOnThisClassPath() {
        assertThat(resource("ai/djl/pytorch/engine/PtEngine.class")).isFalse();
        assertThat(resource("ai/djl/pytorch/jni/PyTorchLibrary.class")).isFalse();
        assertThat(
                        Arrays.stream(
                                System.getProperty("java.class.path")
                                        .split(File.pathSeparator, -1)))
                .noneMatch(entry -> entry.contains("pytorch-engine"))
                .noneMatch(entry -> entry.contains("pytorch-native"))
                .noneMatch(entry -> entry.contains("pytorch-jni"));
    }

    @Test
    void theTrainersOwnLibtorchIsOnThisClassPath() {
        assertThat(resource("org/bytedeco/pytorch/Tensor.class")).isTrue();
    }

    private static boolean resource(String name) {
        return SeparateRuntimesTest.class.getClassLoader().getResource(name) != null;
    }
}
