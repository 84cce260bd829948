package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.IdempotencyKeys.Known;
import dev.tanren.storage.registry.IdempotencyKeys.Outcome;
import dev.tanren.storage.registry.IdempotencyKeys.Reserved;
import dev.tanren.storage.registry.Runs.Failure;
import dev.tanren.storage.registry.Runs.Filter;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.StartedAttempt;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProjectionTest extends RegistryTest {

    @Test
    void aRunIsQueuedWithItsStagesInOrderAndMayBeCreatedTwice() {
        registry.runs().create(run(RUN));
        Run run = registry.runs().find(RUN).orElseThrow();
        assertThat(run.status()).isEqualTo(RunState.QUEUED);
        assertThat(run.planJson()).isEqualTo("{\"name\":\"java-expert\"}");
        assertThat(run.submitted())
                .isEqualTo(new Runs.PlanText("name: java-expert # mine\n", "application/yaml"));
        assertThat(registry.runs().stages(RUN))
                .extracting(StageRow::stageId)
                .containsExactly("adapt", "release");
        assertThat(registry.runs().find("nobody")).isEmpty();
    }

    @Test
    void aRunsStatesAndTimesFollowEachOther() {
        projector.become(RUN, RunState.RUNNING);
        projector.become(RUN, STAGE, StageState.RUNNING);
        registry.runs().setProgress(RUN, STAGE, begin(0, "a").fencingToken(), "short", 7);
        Failure failure = new Failure("RANK_CRASHED", "rank 1 ended", "rank 1", "look at its log");
        projector.become(RUN, RunState.FAILED, "a rank crashed", failure);

        Run failed = registry.runs().find(RUN).orElseThrow();
        assertThat(failed.failure()).isEqualTo(failure);
        assertThat(failed.currentStage()).isEqualTo(STAGE);
        assertThat(failed.finishedAt()).isNotNull();

        projector.become(RUN, RunState.RUNNING);
        Run again = registry.runs().find(RUN).orElseThrow();
        assertThat(again.failure()).isNull();
        assertThat(again.finishedAt()).isNull();
        assertThat(again.startedAt()).isEqualTo(failed.startedAt());

        registry.runs().setStageResult(RUN, STAGE, 1, "{\"loss\":1.5}");
        projector.become(RUN, STAGE, StageState.SUCCEEDED);
        StageRow stage = registry.runs().stages(RUN).getFirst();
        assertThat(stage.step()).isEqualTo(7);
        assertThat(stage.phaseId()).isEqualTo("short");
        assertThat(stage.resultJson()).isEqualTo("{\"loss\":1.5}");
        assertThat(stage.finishedAt()).isNotNull();
    }

    @Test
    void whatAnExecutionGivesThatARetryHasReplacedIsNotRecorded() {
        projector.become(RUN, RunState.RUNNING);
        projector.become(RUN, RunState.FAILED);
        assertThat(registry.runs().beginExecution(RUN, 1, "again")).hasValue(2);

        registry.runs().setStageResult(RUN, STAGE, 2, "{\"loss\":1.5}");
        registry.runs().setStageResult(RUN, STAGE, 1, "{\"loss\":9.5}");

        assertThat(registry.runs().stages(RUN).getFirst().resultJson()).isEqualTo("{\"loss\":1.5}");
    }

    @Test
    void aRunThatIsNotThereIsNamed() {
        assertThatThrownBy(
                        () ->
                                registry.runs()
                                        .project(
                                                "x",
                                                new RunVersion(1, 1),
                                                RunState.RUNNING,
                                                null,
                                                null))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
        assertThatThrownBy(() -> StartedAttempt.begin(registry, "x", "y", null, "w", 1, 0, "r"))
                .isInstanceOf(TanrenException.class);
    }

    @Test
    void runsAreListedNewestFirstByPageAndFilter() {
        for (String id : List.of("02", "03", "04")) {
            registry.runs().create(run(id));
        }
        projector.become("03", RunState.RUNNING);

        assertThat(ids(Filter.ALL, null)).containsExactly("04", "03");
        assertThat(ids(Filter.ALL, "03")).containsExactly("02", RUN);
        assertThat(ids(new Filter(List.of(RunState.RUNNING), null, null), null))
                .containsExactly("03");
        assertThat(ids(new Filter(null, "JAVA", "mei"), null)).containsExactly("04", "03");
        assertThat(ids(new Filter(null, "100%", null), null)).isEmpty();
        assertThat(ids(new Filter(null, null, "nobody"), null)).isEmpty();
    }

    private List<String> ids(Filter filter, @Nullable String cursor) {
        return registry.runs().list(filter, cursor, 2).stream().map(Run::runId).toList();
    }

    @Test
    void eventsRiseByOneUnderManyWritersAndAKeyIsStoredOnce() throws Exception {
        List<Callable<Long>> calls = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String key = i % 2 == 0 ? "once" : null;
            calls.add(
                    () ->
                            registry.events()
                                    .append(RUN, "note", STAGE, "hello", Map.of("a", 1), key));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Long> call : threads.invokeAll(calls)) {
                call.get();
            }
        }
        List<Event> events = registry.events().after(RUN, 0, 100);
        assertThat(events).hasSize(31);
        assertThat(events).extracting(Event::id).isSorted().startsWith(1L).endsWith(31L);
        assertThat(registry.events().after(RUN, 30, 100)).hasSize(1);
        assertThat(events.getFirst().data()).isEqualTo(Map.of("a", 1));
        assertThat(registry.events().ofTypes(RUN, Set.of("note", "other"))).isEqualTo(events);
        assertThat(registry.events().ofTypes(RUN, Set.of("other"))).isEmpty();
    }

    @Test
    void oneOfTwoHundredCallersReservesAKey() throws Exception {
        List<Callable<Outcome>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            String answer = "run-" + i;
            calls.add(() -> registry.idempotencyKeys().reserve("mei", "k", "hash", answer));
        }
        List<Reserved> won = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Outcome> call : threads.invokeAll(calls)) {
                if (call.get() instanceof Reserved reserved) {
                    won.add(reserved);
                }
            }
        }
        assertThat(won).hasSize(1);
        Reserved first = won.getFirst();
        registry.idempotencyKeys().complete(first, 201);
        registry.idempotencyKeys().release(first);
        assertThat(registry.idempotencyKeys().reserve("mei", "k", "other", "run-x"))
                .isEqualTo(new Known("hash", 201, first.answer()));
    }

    @Test
    void aKeyThatWasGivenBackIsFreeAtOnceAndPromisesTheSameAnswer() {
        Reserved first = reserve("hash", "run-1");
        registry.idempotencyKeys().release(first);

        Reserved second = reserve("hash", "run-2");
        assertThat(second.answer()).isEqualTo("run-1");
        registry.idempotencyKeys().release(second);
        assertThat(reserve("another hash", "run-3").answer()).isEqualTo("run-3");
        assertThat(registry.idempotencyKeys().reserve("noor", "k", "hash", "run-4"))
                .isInstanceOf(Reserved.class);
    }

    @Test
    void theKeyOfADeadHolderIsFreeAfterTenSecondsAndTheDeadChangeNothingAnyMore() {
        Reserved dead = reserve("hash", "run-1");
        age("8 seconds");
        assertThat(registry.idempotencyKeys().reserve("mei", "k", "hash", "run-2"))
                .isEqualTo(new Known("hash", 0, "run-1"));
        age("3 seconds");

        Reserved next = reserve("hash", "run-2");

        assertThat(next.answer()).isEqualTo("run-1");
        registry.idempotencyKeys().complete(dead, 201);
        registry.idempotencyKeys().release(dead);
        assertThat(registry.idempotencyKeys().reserve("mei", "k", "hash", "run-3"))
                .isEqualTo(new Known("hash", 0, "run-1"));
        registry.idempotencyKeys().complete(next, 201);
        age("23 hours");
        assertThat(registry.idempotencyKeys().reserve("mei", "k", "hash", "run-3"))
                .isEqualTo(new Known("hash", 201, "run-1"));
        age("61 minutes");
        assertThat(reserve("hash", "run-3").answer()).isEqualTo("run-3");
    }

    private Reserved reserve(String bodyHash, String answer) {
        Outcome outcome = registry.idempotencyKeys().reserve("mei", "k", bodyHash, answer);
        assertThat(outcome).isInstanceOf(Reserved.class);
        return (Reserved) outcome;
    }

    /// Makes everything older instead of waiting.
    private void age(String interval) {
        EmbeddedDatabase.execute(
                address,
                "update idempotency_keys set reserved_at = reserved_at - interval '"
                        + interval
                        + "'");
    }

    @Test
    void aSessionLastsAsLongAsItAndItsTokenDo() {
        Instant later = Instant.now().plusSeconds(3_600);
        registry.tokens().add("t1", "ci", Role.OPERATOR, "hash-1", null, Actor.program("test"));
        registry.tokens()
                .add(
                        "t2",
                        "old",
                        Role.VIEWER,
                        "hash-2",
                        Instant.now().minusSeconds(1),
                        Actor.program("test"));
        registry.sessions().begin("s-over", "t1", Instant.now().minusSeconds(1));
        registry.sessions().begin("s1", "t1", later);
        registry.sessions().begin("s2", "t1", later);
        registry.sessions().begin("s-old", "t2", later);

        assertThat(registry.sessions().token("s1").orElseThrow().name()).isEqualTo("ci");
        assertThat(registry.sessions().token("s-over")).isEmpty();
        assertThat(registry.sessions().token("s-old")).isEmpty();
        assertThat(registry.sessions().token("hash-1")).isEmpty();
        registry.sessions().end("s1");
        assertThat(registry.sessions().token("s1")).isEmpty();
        assertThat(registry.sessions().token("s2")).isPresent();
        registry.tokens().revoke("t1", Actor.program("test"));
        assertThat(registry.sessions().token("s2")).isEmpty();
    }

    @Test
    void aTokenIsKnownByItsHashUntilItExpiresOrIsRevoked() {
        Tokens tokens = registry.tokens();
        tokens.add("t1", "ci", Role.OPERATOR, "hash-1", null, Actor.program("test"));
        tokens.add(
                "t2",
                "old",
                Role.VIEWER,
                "hash-2",
                Instant.now().minusSeconds(1),
                Actor.program("test"));
        tokens.add("t3", "again", Role.ADMIN, "hash-1", null, Actor.program("test"));

        assertThat(tokens.byHash("hash-1").orElseThrow().role()).isEqualTo(Role.OPERATOR);
        assertThat(tokens.byHash("hash-2")).isEmpty();
        tokens.used("t1");
        assertThat(tokens.byHash("hash-1").orElseThrow().lastUsedAt()).isNotNull();
        assertThat(tokens.revoke("t1", Actor.program("test"))).isTrue();
        assertThat(tokens.revoke("t1", Actor.program("test"))).isFalse();
        assertThat(tokens.byHash("hash-1")).isEmpty();
        assertThat(tokens.formerByHash("hash-1").orElseThrow().name()).isEqualTo("ci");
        assertThat(tokens.formerByHash("hash-2").orElseThrow().name()).isEqualTo("old");
        assertThat(tokens.list()).extracting(Tokens.Token::id).containsExactly("t1", "t2");
    }

    @Test
    void aWorkerIsListedOnceWithWhatItSaidLast() {
        Instant started = Instant.ofEpochSecond(1_000);
        for (String activity : List.of("idle", "trains")) {
            registry.workers()
                    .announce(
                            new Workers.Worker(
                                    "w1", "host", 7, "host-q", 2, 10, 4, "1", activity, started,
                                    started));
        }
        assertThat(registry.workers().list())
                .singleElement()
                .satisfies(
                        worker -> {
                            assertThat(worker.activity()).isEqualTo("trains");
                            assertThat(worker.promisedBytes()).isEqualTo(4);
                            assertThat(worker.freeBytes()).isEqualTo(6);
                            assertThat(worker.seenAt()).isAfter(started);
                        });
        assertThat(registry.workers().heardWithin(Workers.SILENCE)).hasSize(1);

        EmbeddedDatabase.execute(address, "update workers set seen_at = seen_at - interval '16 s'");
        assertThat(registry.workers().heardWithin(Workers.SILENCE)).isEmpty();
        assertThat(registry.workers().list()).hasSize(1);
    }
}
