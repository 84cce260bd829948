package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tanren.plan.error.ErrorCode;
import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class FailuresTest {

    private static final long PEBIBYTE = 1L << 50;

    @Test
    void memoryThatLibtorchCannotGetIsOutOfMemory() {
        Throwable error = catchThrowable(() -> torch.empty(PEBIBYTE));
        assertThat(Failures.coded(error).code()).isEqualTo(ErrorCode.RANK_OUT_OF_MEMORY);
        assertThat(Failures.coded(error).what()).contains("memory ran out");
    }

    @Test
    void memoryThatJavaCannotGetIsOutOfMemoryInWhateverThreadItWasMissing() {
        CompletableFuture<Object> elsewhere =
                CompletableFuture.supplyAsync(
                        () -> {
                            try (Arena arena = Arena.ofConfined()) {
                                return arena.allocate(PEBIBYTE);
                            }
                        });
        Throwable error = catchThrowable(elsewhere::join);
        assertThat(error).isInstanceOf(CompletionException.class);
        assertThat(Failures.coded(error).code()).isEqualTo(ErrorCode.RANK_OUT_OF_MEMORY);
    }

    @Test
    void anErrorThatNobodyForesawIsInternalAndNamesItsPlace() {
        Throwable error = catchThrowable(() -> Integer.parseInt("x"));
        assertThat(Failures.coded(error).code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(Failures.coded(error).where()).contains("NumberFormatException");
        assertThat(Failures.report(3, error).rank()).isEqualTo(3);
    }
}
