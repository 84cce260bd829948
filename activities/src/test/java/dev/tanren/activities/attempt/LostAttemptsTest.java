package dev.tanren.activities.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Workers.Worker;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.StartedAttempt;
import dev.tanren.workflows.activity.AttemptActivities.EndRequest;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What is told of an attempt whose worker cannot tell it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LostAttemptsTest {

    private static final String NOTICED = "the worker is lost: it was not heard of for 8 s or more";

    private EmbeddedDatabase server;
    private PostgresRegistry registry;
    private Attempt attempt;

    @BeforeAll
    void startsADatabase() {
        server = EmbeddedDatabase.start();
    }

    @AfterAll
    void stopsIt() {
        server.close();
    }

    @BeforeEach
    void anAttemptIsAtWork() {
        registry = PostgresRegistry.connect(server.fresh());
        registry.runs()
                .create(
                        new NewRun(
                                "r",
                                "small",
                                "{}",
                                null,
                                "ada",
                                List.of(new NewStage("adapt", "cpt", 40))));
        attempt = StartedAttempt.begin(registry, "r", "adapt", "short", "w1", 2, 0, "a");
    }

    @Test
    void aLostWorkerIsNamedWithWhenItWasLastHeardOfAndItsRanksLastStep() {
        registry.workers()
                .announce(
                        new Worker(
                                attempt.worker(),
                                "host",
                                1,
                                "queue",
                                2,
                                1,
                                0,
                                "1",
                                "GangTrain",
                                Instant.now(),
                                Instant.now()));

        String told = end(ErrorCode.RANK_PREEMPTED);

        assertThat(told)
                .startsWith(NOTICED + "; worker " + attempt.worker() + " was last heard of at 20")
                .endsWith("Z, its ranks had finished step 0");
        assertThat(registry.attempts().list("r"))
                .singleElement()
                .satisfies(
                        ended -> {
                            assertThat(ended.status()).isEqualTo(AttemptStatus.PREEMPTED);
                            assertThat(ended.reason()).isEqualTo(told);
                            assertThat(ended.failureClass()).isEqualTo("PREEMPTED");
                            assertThat(ended.failureCode()).isEqualTo("RANK_PREEMPTED");
                        });
        assertThat(registry.events().after("r", 0, 10))
                .filteredOn(event -> event.type().equals("attempt.ended"))
                .extracting(Event::message)
                .containsExactly(told);
    }

    @Test
    void whatTheWorkerHasToldItselfStays() {
        registry.attempts()
                .end(
                        attempt.fencingToken(),
                        AttemptStatus.FAILED,
                        "killed",
                        ErrorCode.RANK_CRASHED,
                        7);

        assertThat(end(ErrorCode.RANK_PREEMPTED)).isEqualTo("killed");

        assertThat(registry.attempts().list("r"))
                .extracting(Attempt::failureClass)
                .containsExactly("RANK_CRASHED");
    }

    @Test
    void anAttemptThatWasStoppedIsCancelledForTheReasonThatIsGiven() {
        assertThat(end(null)).isEqualTo(NOTICED);
        assertThat(registry.attempts().list("r"))
                .extracting(Attempt::status)
                .containsExactly(AttemptStatus.CANCELLED);
    }

    private String end(@Nullable ErrorCode error) {
        return new LostAttempts(registry)
                .end(
                        new EndRequest(
                                "r",
                                attempt.fencingToken(),
                                NOTICED,
                                error == null ? null : error.name()));
    }
}
