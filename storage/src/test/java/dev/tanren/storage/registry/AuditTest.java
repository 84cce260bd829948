package dev.tanren.storage.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Audit.Entry;
import dev.tanren.storage.registry.Audit.Filter;
import dev.tanren.storage.registry.Audit.Verification;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.EmbeddedDatabase;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The audit against a real PostgreSQL.
class AuditTest extends RegistryTest {

    private static final Actor MEI = new Actor("t-1", "mei", "operator", "192.0.2.7");
    private static final Actor OTHER_MEI = new Actor("t-2", "mei", "viewer", null);

    /// What the first form's hashes were over, as they were made before there was a second.
    private static final String FIRST_HASH =
            "cecfc15d46eb2d1ee5f0d0b3f443a039dfde723481b2a8c0ea3c2be342c58f3f";

    private static Entry there(@Nullable Entry entry) {
        return Objects.requireNonNull(entry);
    }

    private static AuditRecord pause(Actor actor, String run) {
        return AuditRecord.of(actor, "run.pause", "run/" + run)
                .because("a test")
                .changing(Map.of("state", "running"), Map.of("state", "pausing"));
    }

    private void pauses(int count) {
        for (int i = 1; i <= count; i++) {
            registry.audit().append(pause(MEI, Integer.toString(i)).once("key-" + i));
        }
    }

    private void pastTheTrigger(String sql) {
        EmbeddedDatabase.execute(
                address, "alter table audit disable trigger audit_append_only;" + sql);
    }

    @Test
    void theChainHoldsUnderManyWritersAndRefusesChanges() throws Exception {
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            calls.add(
                    () -> {
                        registry.audit().append(pause(MEI, "1"));
                        return true;
                    });
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            threads.invokeAll(calls);
        }
        Verification found = registry.audit().verify();
        assertThat(found.whole()).isTrue();
        assertThat(found.entries()).isEqualTo(40);
        assertThat(there(found.first()).id()).isEqualTo(1);
        assertThat(found.last()).isEqualTo(registry.audit().page(Filter.ALL, null, 1).getFirst());
        assertThatThrownBy(
                        () ->
                                EmbeddedDatabase.execute(
                                        address, "delete from audit where entry_id = 17"))
                .hasRootCauseMessage(
                        "ERROR: the audit is append-only\n"
                                + "  Where: PL/pgSQL function audit_is_append_only() line 3 at"
                                + " RAISE");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "actor_id = 't-2'",
                "actor_id = null",
                "actor = 'eve'",
                "role = 'admin'",
                "address = null",
                "address = '192.0.2.8'",
                "action = 'run.resume'",
                "subject = 'run/9'",
                "reason = null",
                "before = '{}'",
                "after = null",
                "detail = '{\"a\":1}'",
                "key = 'another'",
                "at = at + interval '1 second'",
                "form = 1",
                "form = 3",
                "entry_id = 70",
            })
    void aChangeOfAnyColumnShows(String change) {
        pauses(5);
        assertThat(registry.audit().verify().whole()).isTrue();
        pastTheTrigger("update audit set " + change + " where entry_id = 3");
        Verification found = registry.audit().verify();
        assertThat(found.entries()).isEqualTo(2);
        assertThat(there(found.last()).id()).isEqualTo(2);
        assertThat(found.firstBroken()).isIn(3L, 4L);
    }

    @Test
    void anEntryThatIsGoneShowsByTheOneAfterItAndAnEmptyChainIsWhole() {
        assertThat(registry.audit().verify()).isEqualTo(new Verification(0, null, null, null));
        pauses(3);
        pastTheTrigger("delete from audit where entry_id = 1");
        assertThat(registry.audit().verify()).isEqualTo(new Verification(0, null, null, 2L));
    }

    @Test
    void aChainThatWasBegunInTheFirstFormGoesOnInTheSecond() {
        firstForm();
        registry.audit().append(pause(MEI, "7"));
        Verification found = registry.audit().verify();
        assertThat(found.whole()).isTrue();
        assertThat(found.entries()).isEqualTo(2);
        assertThat(there(found.first()).actorId()).isNull();
        assertThat(there(found.first()).hash()).isEqualTo(FIRST_HASH);
        assertThat(there(found.last()).actorId()).isEqualTo("t-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"actor_id = 't-1'", "role = 'admin'", "after = '{}'", "form = 2"})
    void anEntryOfTheFirstFormGetsNoFieldOfTheSecond(String change) {
        firstForm();
        pastTheTrigger("update audit set " + change);
        assertThat(registry.audit().verify().firstBroken()).isEqualTo(1);
    }

    /// Written as the code before wrote it.
    private void firstForm() {
        EmbeddedDatabase.execute(
                address,
                """
                insert into audit (form, entry_id, at, actor, action, subject, reason, detail,
                    previous_hash, hash)
                values (1, 1, '2026-11-24T08:00:00Z', 'mei', 'run.pause', 'run/1', 'why', '{}',
                    repeat('0', 64), '%s')
                """
                        .formatted(FIRST_HASH));
    }

    @Test
    void anEntryKeepsWhoFromWhereWhyAndWhatChanged() {
        pauses(1);
        Entry kept = registry.audit().list("run/1", 10).getFirst();
        assertThat(kept)
                .extracting(
                        Entry::actorId,
                        Entry::actor,
                        Entry::role,
                        Entry::address,
                        Entry::reason,
                        Entry::before,
                        Entry::after)
                .containsExactly(
                        "t-1",
                        "mei",
                        "operator",
                        "192.0.2.7",
                        "a test",
                        "{\"state\":\"running\"}",
                        "{\"state\":\"pausing\"}");
    }

    @Test
    void pagesAreNewestFirstAndFiltersHoldTogether() {
        pauses(3);
        registry.audit().append(pause(OTHER_MEI, "1"));
        registry.audit().append(AuditRecord.of(OTHER_MEI, "runner.add", "runner/1"));
        registry.audit().append(AuditRecord.of(OTHER_MEI, "token.issue", "token/1"));

        assertThat(ids(Filter.ALL, null, 10)).containsExactly(6L, 5L, 4L, 3L, 2L, 1L);
        assertThat(ids(Filter.ALL, 6L, 2)).containsExactly(5L, 4L);
        assertThat(ids(new Filter("mei", null, null, null, null), null, 10)).hasSize(6);
        assertThat(ids(new Filter("t-2", null, null, null, null), null, 10))
                .containsExactly(6L, 5L, 4L);
        assertThat(ids(new Filter(null, "run", null, null, null), null, 10))
                .containsExactly(4L, 3L, 2L, 1L);
        assertThat(ids(new Filter(null, "token.issue", null, null, null), null, 10))
                .containsExactly(6L);
        assertThat(ids(new Filter("t-1", "run.pause", "run/1", null, null), null, 10))
                .containsExactly(1L);
        Instant third = registry.audit().list("run/3", 1).getFirst().at();
        assertThat(registry.audit().page(new Filter(null, null, null, third, null), null, 10))
                .allSatisfy(entry -> assertThat(entry.at()).isAfterOrEqualTo(third));
        assertThat(registry.audit().page(new Filter(null, null, null, null, third), null, 10))
                .allSatisfy(entry -> assertThat(entry.at()).isBefore(third));
    }

    private List<Long> ids(Filter filter, @Nullable Long below, int limit) {
        return registry.audit().page(filter, below, limit).stream().map(Entry::id).toList();
    }

    @Test
    void aTokensLifeIsRecordedWithItAndNothingOfItsSecret() {
        Tokens tokens = registry.tokens();
        Instant end = Instant.now().plusSeconds(3_600);
        tokens.add("t9", "ci", Role.OPERATOR, "canary-hash", end, MEI);
        tokens.add("t9", "ci", Role.OPERATOR, "canary-hash", end, MEI);
        tokens.rotate("t9", "canary-hash-2", MEI);
        tokens.revoke("t9", MEI);
        tokens.revoke("t9", MEI);
        List<Entry> entries = registry.audit().list("token/t9", 10);
        assertThat(entries)
                .extracting(Entry::action, Entry::actorId)
                .containsExactly(
                        tuple("token.issue", "t-1"),
                        tuple("token.rotate", "t-1"),
                        tuple("token.revoke", "t-1"));
        assertThat(entries.getFirst().before()).isNull();
        assertThat(entries.getFirst().after())
                .contains("\"role\":\"operator\"", "\"expiresAt\"", "\"state\":\"valid\"");
        assertThat(entries.getLast().before()).contains("\"state\":\"valid\"");
        assertThat(entries.getLast().after()).contains("\"state\":\"revoked\"");
        assertThat(entries.toString()).doesNotContain("canary");
    }

    @Test
    void aLongChainIsWalkedAPieceAtATime() {
        for (int i = 0; i < 2_500; i++) {
            registry.audit().append(pause(MEI, "1"));
        }
        assertThat(registry.audit().verify().entries()).isEqualTo(2_500);
    }
}
