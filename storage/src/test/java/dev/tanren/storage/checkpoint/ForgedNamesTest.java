package dev.tanren.storage.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.checkpoint.RegistryRebuild.Rebuilt;
import dev.tanren.storage.registry.Checkpoints.Row;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.testing.RunProjector;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// What whoever may write below one run's folder can do to a rebuild of the registry: nothing, to
/// any other run.
class ForgedNamesTest extends CheckpointTest {

    private static final byte[] ANYTHING = "anything".getBytes(StandardCharsets.UTF_8);

    private Rebuilt rebuildAfterLosingTheDatabase() {
        registry.close();
        registry = PostgresRegistry.connect(database.fresh());
        checkpoints = over(objects);
        return new RegistryRebuild(objects, registry).rebuild();
    }

    private static String shard(String token) {
        return "runs/other/adapt/checkpoints/0000000001/shard-" + token + "-0.safetensors";
    }

    /// The next tokens have a digit more.
    @Test
    void aNameWithTheHighestTokenOfTwelveDigitsKeepsNobodyFromSaving() {
        RunRecord.keep(objects, registry.runs(), RUN);
        checkpoints.commit(save(begin(), 5, "short"));
        objects.put(shard("999999999999"), ANYTHING);

        assertThat(rebuildAfterLosingTheDatabase().tokensAbove()).isEqualTo(1_000_000_000_000L);

        new RunProjector(registry).become(RUN, RunState.QUEUED);
        Committed next = checkpoints.commit(save(begin(), 6, "short"));
        assertThat(CheckpointLayout.token(next.manifestKey()))
                .hasValue(next.manifest().fencingToken());
        assertThat(checkpoints.latestValid(RUN, STAGE)).contains(next);
    }

    @Test
    void aNameWithATokenThatWasNeverGivenIsNamedAndRebuildsNothing() {
        RunRecord.keep(objects, registry.runs(), RUN);
        checkpoints.commit(save(begin(), 5, "short"));
        objects.put(shard("999999999999999999"), ANYTHING);

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(this::rebuildAfterLosingTheDatabase)
                .satisfies(
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_CORRUPT);
                            assertThat(e.where()).isEqualTo(shard("999999999999999999"));
                        });
        assertThat(registry.runs().find(RUN)).isEmpty();
    }

    @Test
    void aManifestThatLiesElsewhereThanItSaysIsPassedOver() {
        RunRecord.keep(objects, registry.runs(), RUN);
        Committed own = checkpoints.commit(save(begin(), 5, "short"));
        String json = new String(objects.get(own.manifestKey()), StandardCharsets.UTF_8);
        String forged =
                own.manifestKey().replace("0000000005", "0000000009").replace(".json", "9.json");
        objects.put(
                forged,
                json.replace("\"" + RUN + "\"", "\"victim\"").getBytes(StandardCharsets.UTF_8));
        assertThat(new CheckpointInspector(objects, registry.checkpoints()).manifest(forged))
                .as("it can be read")
                .isPresent();

        assertThat(rebuildAfterLosingTheDatabase().restoredRuns()).containsExactly(RUN);

        assertThat(registry.checkpoints().list("victim")).isEmpty();
        assertThat(registry.checkpoints().list(RUN))
                .extracting(Row::manifestKey)
                .containsExactly(own.manifestKey());
    }

    @Test
    void aRecordThatCannotBeReadOrIsOfAnotherRunHoldsNoOtherRunUp() {
        RunRecord.keep(objects, registry.runs(), RUN);
        Committed own = checkpoints.commit(save(begin(), 5, "short"));
        byte[] record = objects.get(RunRecord.key(RUN));
        for (String other : new String[] {"a-broken", "a-copied"}) {
            String json = new String(objects.get(own.manifestKey()), StandardCharsets.UTF_8);
            objects.put(
                    own.manifestKey().replace("runs/" + RUN + "/", "runs/" + other + "/"),
                    json.replace("\"" + RUN + "\"", "\"" + other + "\"")
                            .getBytes(StandardCharsets.UTF_8));
        }
        objects.put(RunRecord.key("a-broken"), ANYTHING);
        objects.put(RunRecord.key("a-copied"), record);

        Rebuilt rebuilt = rebuildAfterLosingTheDatabase();

        assertThat(rebuilt.withoutRecord()).containsExactly("a-broken", "a-copied");
        assertThat(rebuilt.restoredRuns()).containsExactly(RUN);
    }
}
