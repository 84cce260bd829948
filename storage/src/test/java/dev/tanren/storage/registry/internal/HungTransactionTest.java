package dev.tanren.storage.registry.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Runs.PlanText;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.StartedAttempt;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

/// A worker that is stopped while it writes figures holds the stage's row. It must not hold it
/// until somebody ends that worker.
class HungTransactionTest {

    private static final String RUN = "01run";
    private static final String STAGE = "adapt";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Test
    void aWriterThatHangsKeepsNoAttemptFromBeginningAndSeesItWhenItGoesOn() throws Exception {
        try (EmbeddedDatabase server = EmbeddedDatabase.start()) {
            DatabaseAddress address = server.fresh();
            try (PostgresRegistry registry = PostgresRegistry.connect(address, PATIENCE);
                    Database ofHungWorker = new Database(address, PATIENCE);
                    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                registry.runs().create(run());
                Attempt first = begin(registry, "first");
                Semaphore holding = new Semaphore(0);
                Semaphore goOn = new Semaphore(0);
                Future<Long> newest = threads.submit(() -> write(ofHungWorker, holding, goOn));
                holding.acquire();

                Attempt second = begin(registry, "second");
                goOn.release(2);

                assertThat(second.fencingToken()).isGreaterThan(first.fencingToken());
                assertThat(newest.get()).isEqualTo(second.fencingToken());
                assertThat(holding.availablePermits()).as("times it was tried again").isEqualTo(1);
            }
        }
    }

    /// @return the newest attempt's token, as the transaction sees it that is committed at last
    private static long write(Database database, Semaphore holding, Semaphore goOn) {
        return database.call(
                handle -> {
                    StageLock.shared(handle, RUN, STAGE);
                    holding.release();
                    goOn.acquireUninterruptibly();
                    return StageLock.newestToken(handle, RUN, STAGE);
                });
    }

    private static Attempt begin(PostgresRegistry registry, String request) {
        return StartedAttempt.begin(registry, RUN, STAGE, "short", "worker-1", 2, 0, request);
    }

    private static NewRun run() {
        return new NewRun(
                RUN,
                "java-expert",
                "{}",
                new PlanText("name: java-expert\n", "application/yaml"),
                "mei",
                List.of(new NewStage(STAGE, "cpt", 40)));
    }
}
