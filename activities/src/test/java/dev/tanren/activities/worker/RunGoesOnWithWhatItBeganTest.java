package dev.tanren.activities.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tanren.activities.dataset.BegunDatasets;
import dev.tanren.activities.dataset.DatasetActivitiesImpl;
import dev.tanren.activities.dataset.DatasetPreparation;
import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.model.BegunModels;
import dev.tanren.activities.model.ModelActivitiesImpl;
import dev.tanren.activities.model.ModelPreparation;
import dev.tanren.activities.model.SmallModel;
import dev.tanren.activities.registry.RegistryActivitiesImpl;
import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.workflows.activity.DatasetActivities;
import dev.tanren.workflows.activity.DatasetActivities.PrepareRequest;
import dev.tanren.workflows.activity.ModelActivities;
import dev.tanren.workflows.activity.ModelActivities.ResolveRequest;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.FixRequest;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.RetryOptions;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import io.temporal.failure.ActivityFailure;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.worker.WorkerFactoryOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Whatever becomes of the sources of a run, a later try of it trains on what the first began with.
/// The real activities over a real PostgreSQL and a real S3 server.
@Timeout(120)
class RunGoesOnWithWhatItBeganTest {

    /// Not sealed: this environment of the SDK does not tell what arguments belong to.
    private static final DataConverter RECORDS =
            DefaultDataConverter.newDefaultInstance()
                    .withPayloadConverterOverrides(new JacksonJsonPayloadConverter(Json.mapper()));

    private static EmbeddedDatabase database;
    private static EmbeddedS3 server;

    @TempDir private Path folder;
    private PostgresRegistry registry;
    private S3ObjectStore store;
    private TestActivityEnvironment temporal;

    @BeforeAll
    static void startsDatabaseAndStore() {
        database = EmbeddedDatabase.start();
        server = EmbeddedS3.start();
    }

    @AfterAll
    static void stopsThem() {
        server.close();
        database.close();
    }

    @BeforeEach
    void aRunOfABaseOnTwoDocuments() throws IOException {
        registry = PostgresRegistry.connect(database.fresh());
        store = server.store("began-" + System.nanoTime());
        Sources sources =
                new Sources(
                        new FileRoots(List.of(folder.toRealPath())),
                        new SourceBuckets(List.of(), bucket -> store));
        Drain drain = new Drain();
        ModelPreparation models = new ModelPreparation(store, sources, folder.resolve("scratch"));
        DatasetPreparation datasets =
                new DatasetPreparation(store, sources, folder.resolve("scratch"), 2);
        temporal =
                TestActivityEnvironment.newInstance(
                        TestEnvironmentOptions.newBuilder()
                                .setWorkflowClientOptions(
                                        WorkflowClientOptions.newBuilder()
                                                .setDataConverter(RECORDS)
                                                .build())
                                .setWorkerFactoryOptions(
                                        WorkerFactoryOptions.newBuilder()
                                                .setWorkerInterceptors(new CodedFailures())
                                                .build())
                                .build());
        temporal.registerActivitiesImplementations(
                new ModelActivitiesImpl(models, new BegunModels(store, models), registry, drain),
                new DatasetActivitiesImpl(
                        datasets,
                        new BegunDatasets(store, sources, datasets),
                        registry,
                        store,
                        drain),
                new RegistryActivitiesImpl(registry));
        Files.createDirectories(folder.resolve("corpus"));
        Files.createDirectories(folder.resolve("base"));
        write("corpus/a.jsonl", "{\"text\":\"alpha\"}\n{\"text\":\"beta\"}\n");
        write("corpus/b.jsonl", "{\"text\":\"gamma\"}\n");
        write("base/config.json", SmallModel.configuration(257));
        Files.write(
                folder.resolve("base/model.safetensors"),
                SmallModel.weights(SmallModel.configuration(257)));
        write("base/tokenizer.json", tokenizer());
        write("base/generation_config.json", "{\"eos_token_id\": 256}");
        run("r1");
        run("r2");
    }

    @AfterEach
    void closes() {
        temporal.close();
        store.close();
        registry.close();
    }

    @Test
    void anUntouchedRunIsPreparedFromTheStoreAndNothingIsSaid() {
        TrainedOn began = prepare("r1");
        Map<String, String> before = objects();

        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(objects()).isEqualTo(before);
        assertThat(differences("r1")).isEmpty();
    }

    @Test
    void aLineThatWasAddedIsToldAndNotTrainedOn() throws IOException {
        TrainedOn began = prepare("r1");
        write("corpus/b.jsonl", "{\"text\":\"gamma\"}\n{\"text\":\"delta\"}\n");

        assertThat(prepare("r1")).isEqualTo(began);

        assertThat(differences("r1"))
                .singleElement()
                .asString()
                .startsWith("the sources of dataset 'code' are no longer what the run began with")
                .contains("b.jsonl is changed");
    }

    @Test
    void aLineOfTheSameLengthThatWasChangedIsToldAndNotTrainedOn() throws IOException {
        TrainedOn began = prepare("r1");
        write("corpus/b.jsonl", "{\"text\":\"gAmma\"}\n");

        assertThat(prepare("r1")).isEqualTo(began);

        assertThat(differences("r1")).singleElement().asString().contains("b.jsonl is changed");
    }

    @Test
    void aLineThatWasRemovedIsTrainedOnAllTheSame() throws IOException {
        TrainedOn began = prepare("r1");
        write("corpus/a.jsonl", "{\"text\":\"alpha\"}\n");

        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(differences("r1")).singleElement().asString().contains("a.jsonl is changed");
    }

    @Test
    void sourcesThatAreGoneOrNewAreToldAndNotMissed() throws IOException {
        TrainedOn began = prepare("r1");
        Files.delete(folder.resolve("corpus/a.jsonl"));
        write("corpus/c.jsonl", "{\"text\":\"new\"}\n");

        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(differences("r1"))
                .singleElement()
                .asString()
                .contains("a.jsonl is gone", "c.jsonl is new");

        Files.delete(folder.resolve("corpus/b.jsonl"));
        Files.delete(folder.resolve("corpus/c.jsonl"));
        Files.delete(folder.resolve("corpus"));
        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(differences("r1")).hasSize(2).last().asString().contains("nothing is at");
    }

    @Test
    void anotherTokenizerAndEditedSideFilesAreToldAndNotUsed() throws IOException {
        TrainedOn began = prepare("r1");
        write("base/tokenizer.json", tokenizer() + " ");
        write("base/generation_config.json", "{\"eos_token_id\": 0}");

        TrainedOn again = prepare("r1");

        assertThat(again).isEqualTo(began);
        assertThat(text(again.model().importedPrefix() + "generation_config.json"))
                .isEqualTo("{\"eos_token_id\": 256}");
        assertThat(text(again.model().tokenizerKey())).isEqualTo(tokenizer());
        assertThat(differences("r1"))
                .singleElement()
                .asString()
                .startsWith("the sources of the base model are no longer")
                .contains("generation_config.json is changed", "tokenizer.json is changed");
    }

    @Test
    void aBaseThatIsGoneIsNotMissed() throws IOException {
        TrainedOn began = prepare("r1");
        for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
            Files.delete(folder.resolve("base").resolve(name));
        }

        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(differences("r1")).singleElement().asString().contains("config.json");
    }

    @Test
    void whatIsGoneFromTheStoreIsPreparedAgainFromTheSameSources() {
        TrainedOn began = prepare("r1");
        Map<String, String> before = objects();
        deleteBelow("datasets/");
        store.delete(began.model().importedPrefix() + "model.safetensors");

        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(objects().keySet()).isEqualTo(before.keySet());
        before.forEach(
                (key, sha256) -> {
                    if (!key.endsWith("/manifest.json")) {
                        assertThat(objects()).as(key).containsEntry(key, sha256);
                    }
                });
    }

    @Test
    void oneShardThatIsGoneIsPreparedAgainWithTheManifestThatIsThere() {
        TrainedOn began = prepare("r1");
        Map<String, String> before = objects();
        String shard =
                before.keySet().stream()
                        .filter(key -> key.endsWith(".tokens"))
                        .findFirst()
                        .orElseThrow();
        store.delete(shard);

        assertThat(prepare("r1")).isEqualTo(began);
        assertThat(objects()).isEqualTo(before);
    }

    @Test
    void whatIsGoneFromTheStoreIsRefusedByNameWhereTheSourcesAreOthers() throws IOException {
        TrainedOn began = prepare("r1");
        deleteBelow("datasets/");
        write("corpus/b.jsonl", "{\"text\":\"delta\"}\n");
        assertRefused("dataset code", "its sources now give");
        Files.delete(folder.resolve("corpus/a.jsonl"));
        Files.delete(folder.resolve("corpus/b.jsonl"));
        assertRefused("dataset code", "no file is in the folder");
        assertThat(store.list("datasets/")).isEmpty();

        store.delete(began.model().tokenizerKey());
        write("base/tokenizer.json", tokenizer() + " ");
        assertRefused("the base model", "is now");
    }

    @Test
    void aNewRunTakesTheNewData() throws IOException {
        TrainedOn began = prepare("r1");
        write("corpus/b.jsonl", "{\"text\":\"delta\"}\n");

        TrainedOn other = prepare("r2");

        assertThat(other.datasets().get("code")).isNotEqualTo(began.datasets().get("code"));
        assertThat(other.model()).isEqualTo(began.model());
        assertThat(differences("r2")).isEmpty();
        assertThat(prepare("r1")).isEqualTo(began);
    }

    @Test
    void aRunWhosePreparationNeverEndedIsPreparedAnew() throws IOException {
        TrainedOn.Model model = resolve("r1");
        TrainedOn.Data first = dataset("r1", model);
        write("corpus/b.jsonl", "{\"text\":\"delta\"}\n");

        TrainedOn.Data second = prepare("r1").datasets().get("code");

        assertThat(second).isNotNull().isNotEqualTo(first);
        assertThat(differences("r1")).isEmpty();
    }

    @Test
    void aPreparationThatComesTooLateTakesWhatAnotherHasFixed() throws IOException {
        TrainedOn.Model model = resolve("r1");
        TrainedOn late = new TrainedOn(model, Map.of("code", dataset("r1", model)));
        write("corpus/b.jsonl", "{\"text\":\"delta\"}\n");
        TrainedOn fixed = prepare("r1");

        assertThat(registryActivities().fix(new FixRequest("r1", late))).isEqualTo(fixed);
        assertThat(events("r1", "inputs.fixed")).hasSize(1);
    }

    /// What the workflow does.
    private TrainedOn prepare(String runId) {
        TrainedOn.Model model = resolve(runId);
        TrainedOn prepared = new TrainedOn(model, Map.of("code", dataset(runId, model)));
        return registryActivities().fix(new FixRequest(runId, prepared));
    }

    private TrainedOn.Model resolve(String runId) {
        return temporal.newActivityStub(ModelActivities.class, once())
                .resolve(new ResolveRequest(runId, plan()));
    }

    private TrainedOn.Data dataset(String runId, TrainedOn.Model model) {
        return temporal.newActivityStub(DatasetActivities.class, once())
                .prepare(
                        new PrepareRequest(
                                runId,
                                plan(),
                                "code",
                                model.tokenizerKey(),
                                model.architecture().vocabSize()))
                .data();
    }

    private RegistryActivities registryActivities() {
        return temporal.newActivityStub(RegistryActivities.class, once());
    }

    private static ActivityOptions once() {
        return ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofMinutes(1))
                .setRetryOptions(RetryOptions.newBuilder().setMaximumAttempts(1).build())
                .build();
    }

    private void assertRefused(String where, String why) {
        ActivityFailure thrown =
                Objects.requireNonNull(
                        catchThrowableOfType(ActivityFailure.class, () -> prepare("r1")));
        Failure failure = Failures.read(thrown);
        assertThat(failure.errorCode()).isEqualTo(ErrorCode.PREPARED_GONE);
        assertThat(failure.where()).isEqualTo(where);
        assertThat(failure.what()).contains(why);
        assertThat(failure.mend()).contains("when the run began", "new run");
    }

    private List<String> differences(String runId) {
        return events(runId, "data.differs").stream().map(Event::message).toList();
    }

    private List<Event> events(String runId, String type) {
        return registry.events().ofTypes(runId, Set.of(type));
    }

    private Map<String, String> objects() {
        Map<String, String> objects = new TreeMap<>();
        for (ObjectStore.StoredObject object : store.list("")) {
            objects.put(object.key(), store.find(object.key()).orElseThrow().sha256());
        }
        return objects;
    }

    private void deleteBelow(String prefix) {
        store.list(prefix).forEach(object -> store.delete(object.key()));
    }

    private String text(String key) {
        return new String(store.get(key), StandardCharsets.UTF_8);
    }

    private void run(String id) {
        registry.runs()
                .create(
                        new Runs.NewRun(
                                id,
                                "run",
                                "{}",
                                null,
                                "ada",
                                List.of(new Runs.NewStage("adapt", "cpt", 2))));
    }

    private Plan plan() {
        return PlanReader.read(
                        """
                        apiVersion: tanren.dev/v1
                        name: continued
                        model: {base: "file:%s/base"}
                        datasets:
                          code: {sources: [{uri: "file:%s/corpus"}]}
                        stages:
                          - id: adapt
                            type: cpt
                            globalBatchTokens: 64
                            microBatch: 1
                            optimizer: {learningRate: 1e-3}
                            phases:
                              - {id: only, sequenceLength: 16, tokens: 128, mix: {code: 1.0}}
                        """
                                .formatted(folder, folder))
                .planOrThrow();
    }

    private static String tokenizer() throws IOException {
        try (var in =
                RunGoesOnWithWhatItBeganTest.class.getResourceAsStream("/bytes-tokenizer.json")) {
            return new String(
                    Objects.requireNonNull(in, "the tokenizer of the tests").readAllBytes(),
                    StandardCharsets.UTF_8);
        }
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
