package dev.tanren.activities.gang.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SerialWriterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<TanrenException> failures = new CopyOnWriteArrayList<>();
    private final List<String> written = new CopyOnWriteArrayList<>();

    @Test
    void aWriteIsTriedAgainWhileTheDatabaseIsAwayAndThoseAfterItWait() {
        AtomicInteger tries = new AtomicInteger();
        try (SerialWriter writer = new SerialWriter("test", failures::add)) {
            writer.submit(
                    () -> {
                        if (tries.incrementAndGet() < 3) {
                            throw coded(ErrorCode.DATABASE_UNREACHABLE);
                        }
                        written.add("first");
                    });
            writer.submit(() -> written.add("second"));

            assertThat(writer.drain(PATIENCE)).isTrue();
        }
        assertThat(written).containsExactly("first", "second");
        assertThat(failures).isEmpty();
    }

    @Test
    void whatARepetitionDoesNotMendIsToldAndThoseAfterItAreWritten() {
        try (SerialWriter writer = new SerialWriter("test", failures::add)) {
            writer.submit(
                    () -> {
                        throw coded(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
                    });
            writer.submit(() -> written.add("next"));

            assertThat(writer.drain(PATIENCE)).isTrue();
            assertThat(writer.idle()).isTrue();
        }
        assertThat(written).containsExactly("next");
        assertThat(failures)
                .extracting(TanrenException::code)
                .containsExactly(ErrorCode.CHECKPOINT_STALE_ATTEMPT);
    }

    /// The thread that writes must outlive it: a gang ends when everything is written.
    @Test
    void whatNobodyForesawIsToldAndThoseAfterItAreWritten() {
        try (SerialWriter writer = new SerialWriter("test", failures::add)) {
            writer.submit(
                    () -> {
                        throw new IllegalStateException("a bug");
                    });
            writer.submit(() -> written.add("next"));

            assertThat(writer.drain(PATIENCE)).isTrue();
            assertThat(writer.idle()).isTrue();
        }
        assertThat(written).containsExactly("next");
        assertThat(failures)
                .singleElement()
                .satisfies(
                        failure -> {
                            assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL);
                            assertThat(failure).hasMessageContaining("a bug");
                        });
    }

    @Test
    void whatIsGivenUpInTheMidstOfItIsNeitherWrittenNorRefused() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        try (SerialWriter writer = new SerialWriter("test", failures::add)) {
            writer.submit(
                    () -> {
                        begun.countDown();
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException("interrupted", e);
                        }
                    },
                    () -> written.add("first"));
            begun.await();
            writer.abandon();
            assertThat(writer.drain(PATIENCE)).isTrue();
        }
        assertThat(written).isEmpty();
        assertThat(failures).isEmpty();
    }

    private static TanrenException coded(ErrorCode code) {
        return new TanrenException(code, "what was found", "where", "how to mend it");
    }
}
