package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.testing.MemoryObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DownloadsTest {

    private final MemoryObjectStore store = new MemoryObjectStore();
    private final Downloads downloads = new Downloads(store, 2);

    @Test
    void noMoreGoOnAtOnceThanMayAndEachEndsOnceHoweverOftenItIsClosed() throws IOException {
        store.put("a", new byte[] {1});
        Downloads.Download first = downloads.begin("a");
        downloads.begin("a");
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> downloads.begin("a"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS));

        try (InputStream bytes = first.bytes("a", 0, 1)) {
            assertThat(bytes.readAllBytes()).containsExactly(1);
        }
        first.close();

        downloads.begin("a");
        assertThatExceptionOfType(TanrenException.class).isThrownBy(() -> downloads.begin("a"));
    }

    @Test
    void noMoreThanARangeIsReadAhead() throws IOException {
        byte[] large = new byte[5 * Downloads.RANGE + 7];
        new Random(3).nextBytes(large);
        store.put("a", large);
        Downloads.Download download = downloads.begin("a");

        try (InputStream bytes = download.bytes("a", 0, large.length)) {
            byte[] read = new byte[large.length];
            int at = 0;
            for (int b = bytes.read(); b >= 0; b = bytes.read()) {
                read[at++] = (byte) b;
                assertThat(bytes.available()).isLessThan(Downloads.RANGE);
            }
            assertThat(at).isEqualTo(large.length);
            assertThat(read).isEqualTo(large);
        }
    }
}
