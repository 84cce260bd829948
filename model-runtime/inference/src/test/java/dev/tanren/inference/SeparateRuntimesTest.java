package dev.tanren.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// DJL's libtorch and JavaCPP's have the same file names and other contents: one process must never
/// load both, so neither may come onto the other's class path.
class SeparateRuntimesTest {

    @Test
    void theTrainersLibtorchIsNotOnThisClassPath() {
        assertThat(resource("org/bytedeco/pytorch/Tensor.class")).isFalse();
        assertThat(resource("org/bytedeco/javacpp/Loader.class")).isFalse();
        assertThat(
                        Arrays.stream(
                                System.getProperty("java.class.path")
                                        .split(File.pathSeparator, -1)))
                .noneMatch(entry -> entry.contains("bytedeco"));
    }

    @Test
    void djlsLibtorchIsOnThisClassPath() {
        assertThat(resource("ai/djl/pytorch/engine/PtEngine.class")).isTrue();
    }

    private static boolean resource(String name) {
        return SeparateRuntimesTest.class.getClassLoader().getResource(name) != null;
    }
}
