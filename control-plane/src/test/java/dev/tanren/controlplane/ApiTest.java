package dev.tanren.controlplane;

import static io.restassured.RestAssured.given;

import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.controlplane.security.ApiTokens;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.NewRun;
import dev.tanren.storage.registry.Runs.NewStage;
import dev.tanren.storage.registry.Runs.PlanText;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.RunProjector;
import io.quarkus.test.common.QuarkusTestResource;
import io.restassured.config.EncoderConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Locale;

/// What the tests of the running application share.
@QuarkusTestResource(Stack.class)
public abstract class ApiTest {

    /// REST Assured does not know by itself that bodies of these types are texts.
    private static final RestAssuredConfig TEXTS =
            RestAssuredConfig.config()
                    .encoderConfig(
                            EncoderConfig.encoderConfig()
                                    .encodeContentTypeAs("application/yaml", ContentType.TEXT)
                                    .encodeContentTypeAs("image/png", ContentType.TEXT));

    /// Who does what the tests do without the API.
    protected static final Actor TEST = Actor.program("test");

    @Inject protected PostgresRegistry registry;
    @Inject protected S3ObjectStore store;

    /// A new token of this role.
    protected String token(Role role) {
        String secret = ApiTokens.generate();
        registry.tokens()
                .add(
                        SortableIds.next(),
                        role.name().toLowerCase(Locale.ROOT),
                        role,
                        ApiTokens.hash(secret),
                        null,
                        TEST);
        return secret;
    }

    protected static RequestSpecification as(String token) {
        return given().config(TEXTS).header("Authorization", "Bearer " + token);
    }

    /// A valid plan of 10 steps.
    protected static String plan(String name) {
        return """
        apiVersion: tanren.dev/v1
        name: %s
        seed: 17
        model:
          architecture: {family: llama, vocabSize: 8192, hiddenSize: 256, layers: 4, heads: 8, keyValueHeads: 4, intermediateSize: 688}
          tokenizer: file:./tokenizer.json
        datasets:
          code: {sources: [{uri: "file:./corpus/code", include: "**/*.java"}]}
        stages:
          - id: adapt
            type: pretrain
            optimizer: {type: adamw, learningRate: 3e-4}
            schedule: {type: warmup-stable-decay, warmup: 2%%, decay: 20%%, minimum: 10%%}
            precision: fp32
            globalBatchTokens: 1024
            microBatch: 4
            parallelism: {data: 2}
            phases:
              - {id: short, sequenceLength: 128, tokens: 10240, mix: {code: 1.0}}
            checkpoint: {everySteps: 5, keep: 3}
          - {id: release, type: export, of: adapt, formats: [huggingface]}
        """
                .formatted(name);
    }

    /// Writes states of runs in the place of their workflows.
    protected RunProjector projector() {
        return new RunProjector(registry);
    }

    /// A run that is recorded but that nothing works on.
    protected String recordedRun(String name) {
        String id = queuedRun(name);
        projector().become(id, RunState.RUNNING);
        return id;
    }

    /// A run that is recorded and was not started.
    protected String queuedRun(String name) {
        return queuedRun(name, plan(name));
    }

    protected String queuedRun(String name, String plan) {
        String id = SortableIds.next();
        registry.runs()
                .create(
                        new NewRun(
                                id,
                                name,
                                Json.write(PlanReader.read(plan).planOrThrow()),
                                new PlanText(plan, "application/yaml"),
                                "mei",
                                List.of(
                                        new NewStage("adapt", "pretrain", 10),
                                        new NewStage("release", "export", 0))));
        return id;
    }
}
