package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.launch.Report.AnomalyFound;
import dev.tanren.launch.Report.AnomalyKind;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.Anomalies.Policy;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.testing.EmbeddedS3;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Poisoned batches and a jump of the loss, through real rank processes.
class AnomalyProcessTest {

    @TempDir static Path folder;
    private static EmbeddedS3 s3;
    private static S3ObjectStore store;
    private static Map<String, String> datasets;
    private static InitialState weights;

    /// Hash of the run that leaves out all bad steps as they come.
    private static String skippingHash;

    @BeforeAll
    static void trainOnOneRankSkipping() throws Exception {
        s3 = EmbeddedS3.start();
        store = s3.store("tanren", TransferSettings.standard());
        datasets = PoisonData.store(store, folder);
        weights = PoisonData.weights(store);
        try (Gang gang = start(setting("skipping", Policy.SKIP, 4), 1, 1, weights, List.of())) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertFindings(gang);
            skippingHash = gang.hash();
        }
    }

    @AfterAll
    static void stop() {
        store.close();
        s3.close();
    }

    private static Gang.Setting setting(String runId, Policy policy, int limit) {
        return new Gang.Setting(
                s3,
                store,
                s3.address("tanren", "tanren/"),
                folder,
                PoisonData.plan(new Anomalies(policy, policy, 16, 8, limit)),
                PoisonData.ARCHITECTURE,
                datasets,
                runId,
                List.of(),
                null);
    }

    private static Gang start(
            Gang.Setting setting, long token, int ranks, InitialState from, List<Long> skipped)
            throws Exception {
        return Gang.start(setting, "short", token, ranks, from, skipped, (gang, report) -> {});
    }

    private static void assertFindings(Gang gang) {
        List<AnomalyFound> found = gang.reports(AnomalyFound.class);
        assertThat(found).extracting(AnomalyFound::step).containsExactly(7L, 9L, 11L, 50L);
        assertThat(found).allMatch(anomaly -> anomaly.action() == Policy.SKIP);
        for (AnomalyFound poisoned : found.subList(0, 3)) {
            assertThat(poisoned.kind()).isEqualTo(AnomalyKind.NON_FINITE);
            assertThat(poisoned.samples())
                    .hasSize(2)
                    .contains(PoisonData.poisoned(poisoned.step()));
        }
        AnomalyFound spike = found.getLast();
        assertThat(spike.kind()).isEqualTo(AnomalyKind.SPIKE);
        assertThat(spike.loss()).isGreaterThan(10 * Objects.requireNonNull(spike.median()));
        assertThat(spike.samples()).isNotEmpty().allMatch(name -> name.startsWith("code/16#39"));
        assertThat(gang.reports(Report.StepSkipped.class))
                .extracting(Report.StepSkipped::step)
                .containsExactly(7L, 9L, 11L, 50L);
        assertThat(gang.reports(Report.StepFinished.class))
                .hasSize(PoisonData.STEPS - 4)
                .allMatch(step -> Double.isFinite(step.loss()));
    }

    @Test
    void ranksThatArePreemptedBetweenSkippedStepsEndWithTheBitsOfOneUndisturbed() throws Exception {
        Gang.Setting setting = setting("preempted", Policy.SKIP, 4);
        InitialState saved;
        try (Gang gang =
                Gang.start(
                        setting,
                        "short",
                        1,
                        2,
                        weights,
                        List.of(),
                        (running, report) -> {
                            if (report instanceof Report.StepSkipped step && step.step() == 9) {
                                running.process(step.rank()).destroy();
                            }
                        })) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.PREEMPTED);
            saved = gang.commit();
        }
        try (Gang gang = start(setting, 2, 4, saved, List.of())) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(gang.hash()).isEqualTo(skippingHash);
        }
    }

    @Test
    void rollingBackAndLeavingTheStepsOutEndsWithTheBitsOfSkipping() throws Exception {
        Gang.Setting setting = setting("rollback", Policy.ROLLBACK, 4);
        InitialState from = weights;
        List<Long> skipped = new ArrayList<>();
        for (long bad : List.of(7L, 9L, 11L, 50L)) {
            try (Gang gang = start(setting, skipped.size() + 1L, 1, from, skipped)) {
                assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.ANOMALY);
                assertThat(gang.reports(AnomalyFound.class))
                        .extracting(AnomalyFound::step, AnomalyFound::action)
                        .containsExactly(org.assertj.core.groups.Tuple.tuple(bad, Policy.ROLLBACK));
                assertThat(gang.savedStep()).isLessThan(bad);
                if (gang.savedStep() > 0) {
                    from = gang.commit();
                }
                skipped.add(bad);
            }
        }
        try (Gang gang = start(setting, 9, 2, from, skipped)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(gang.reports(AnomalyFound.class)).isEmpty();
            assertThat(gang.hash()).isEqualTo(skippingHash);
        }
    }

    @Test
    void theStepAfterTheLimitWaitsForAPersonOnAllRanks() throws Exception {
        try (Gang gang = start(setting("limit", Policy.SKIP, 2), 1, 2, weights, List.of())) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.ANOMALY);
            assertThat(gang.reports(AnomalyFound.class))
                    .filteredOn(anomaly -> anomaly.action() == Policy.PAUSE)
                    .hasSize(2)
                    .allMatch(anomaly -> anomaly.step() == 11);
            assertThat(gang.savedStep()).isEqualTo(10);
        }
    }

    @Test
    void aPlanThatWantsToFailFailsWithTheSamplesNamed() throws Exception {
        try (Gang gang = start(setting("failing", Policy.FAIL, 2), 1, 1, weights, List.of())) {
            assertThat(gang.exitCodes()).containsOnly(ExitCode.FAILED);
            Report.Failed failed = gang.reports(Report.Failed.class).getFirst();
            assertThat(failed.code()).isEqualTo("TRAINING_DIVERGED");
            assertThat(failed.where()).contains(PoisonData.poisoned(7));
            assertThat(failed.what()).contains("step 7").contains("not applied");
        }
    }
}
