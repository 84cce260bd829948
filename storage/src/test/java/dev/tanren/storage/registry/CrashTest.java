package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class CrashTest extends RegistryTest {

    private static final int WRITERS = 4;
    private static final int CRASHES = 3;
    private static final long BETWEEN_CRASHES_MILLIS = 500;

    @Test
    void writesRideOutAServerThatIsKilledAndAreThereOnceEach() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        List<Future<Integer>> writers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int writer = 0; writer < WRITERS; writer++) {
                String name = "writer-" + writer;
                writers.add(threads.submit(() -> writeUntil(over, name)));
            }
            try {
                for (int crash = 0; crash < CRASHES; crash++) {
                    Thread.sleep(BETWEEN_CRASHES_MILLIS);
                    server.crash();
                }
            } finally {
                over.set(true);
            }
        }
        int written = 0;
        for (Future<Integer> writer : writers) {
            written += writer.get();
        }
        assertThat(registry.events().after(RUN, 0, written + 1)).hasSize(written);
    }

    private int writeUntil(AtomicBoolean over, String writer) {
        int written = 0;
        do {
            registry.events().append(RUN, "note", null, writer, Map.of(), writer + "/" + written);
            written++;
        } while (!over.get());
        return written;
    }
}
