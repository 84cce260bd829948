package dev.tanren.activities.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.hub.FakeHub.Request;
import dev.tanren.activities.model.SmallModel;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// What comes of an import, also where the server cuts connections and sends other bytes.
class HubImportTest extends HubImports {

    private static final EmbeddedS3 S3 = EmbeddedS3.start();

    HubImportTest() {
        super(S3);
    }

    @AfterAll
    static void stopTheStore() {
        S3.close();
    }

    @Test
    void aModelIsImportedWithTheFilesThatItNeedsAndNoOthers() throws IOException {
        TrainedOn.Model model = resolve(URI);

        String prefix = String.valueOf(model.importedPrefix());
        assertThat(store.list(prefix))
                .extracting(object -> object.key().substring(prefix.length()))
                .containsExactlyInAnyOrder(
                        "config.json",
                        "generation_config.json",
                        "model.safetensors",
                        "tokenizer.json");
        assertThat(store.get(model.importedPrefix() + "model.safetensors")).isEqualTo(weights);
        assertThat(model.tokenizerKey()).isEqualTo(model.importedPrefix() + "tokenizer.json");
        assertThat(server.requestsFor("README.md")).isEmpty();
        assertThat(server.requestsFor("pytorch_model.bin")).isEmpty();
        assertThat(resolve("file:" + copy()).importedPrefix())
                .as("the same files of a folder")
                .isEqualTo(prefix);
    }

    @Test
    void theCommitThatTheRevisionWasIsToldForTheHubAlone() throws IOException {
        assertThat(URI).doesNotContain(FakeHub.COMMIT);

        assertThat(commit(resolve(URI))).isEqualTo(FakeHub.COMMIT);
        assertThat(commit(resolve("file:" + copy()))).isNull();
    }

    private static @Nullable String commit(TrainedOn.Model model) {
        return Objects.requireNonNull(model.base()).commit();
    }

    @Test
    void whatIsThereAlreadyIsNotFetchedAgainWhateverTheRevisionIsCalled() {
        TrainedOn.Model first = resolve(URI);
        server.requests.clear();

        assertThat(resolve("hf://" + FakeHub.REPOSITORY + "@" + FakeHub.COMMIT).importedPrefix())
                .isEqualTo(first.importedPrefix());
        assertThat(server.requestsFor("model.safetensors")).isEmpty();
    }

    @Test
    void shardsAreFetchedAsTheIndexNamesThem() {
        server.files.remove("model.safetensors");
        server.files.put("config.json", bytes(SmallModel.CONFIGURATION));
        server.files.putAll(SmallModel.shards());
        byte[] first = server.files.get("m-1.safetensors");
        byte[] second = server.files.remove("m-2.safetensors");
        assertCode(ErrorCode.MODEL_MISSING, FakeHub.COMMIT + "/m-2.safetensors", URI);
        assertNothingStored();
        server.files.put("m-2.safetensors", second);
        server.files.put("m-3.safetensors", bytes("of another index"));

        TrainedOn.Model model = resolve(URI);

        assertThat(store.get(model.importedPrefix() + "m-1.safetensors")).isEqualTo(first);
        assertThat(store.get(model.importedPrefix() + "m-2.safetensors")).isEqualTo(second);
        assertThat(server.requestsFor("m-3.safetensors")).isEmpty();
    }

    @Test
    void aTransferThatIsCutGoesOnWhereItWas() {
        server.files.keySet().removeIf(name -> name.contains("token") || name.contains("gener"));
        // The first two answers carry config.json: it is read, and hashed.
        server.cuts.addAll(List.of(1 << 20, 1 << 20, 1_200_000, 700_000));
        server.received = this::isInScratch;

        TrainedOn.Model model = resolve(URI);

        assertThat(store.get(model.importedPrefix() + "model.safetensors")).isEqualTo(weights);
        assertThat(server.requestsFor("model.safetensors"))
                .filteredOn(Request::storage)
                .extracting(Request::range)
                .containsExactly("", "bytes=1200000-", "bytes=1900000-");
    }

    @Test
    void aServerWithoutRangesIsReadFromTheBeginningAgain() {
        server.withoutRanges = true;
        server.cuts.addAll(List.of(20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 50_000));

        TrainedOn.Model model = resolve(URI);

        assertThat(store.get(model.importedPrefix() + "model.safetensors")).isEqualTo(weights);
        assertThat(server.cuts).isEmpty();
    }

    @Test
    void aServerThatFallsSilentIsLeftAndAskedAgain() {
        server.files.keySet().removeIf(name -> name.contains("token") || name.contains("gener"));
        server.cuts.addAll(List.of(1 << 20, 1 << 20, 1 << 20));
        // The connection stays open, and nothing more comes.
        server.received = bytes -> false;
        patience =
                new HubPatience(
                        QUICK.connect(),
                        QUICK.answer(),
                        Duration.ofMillis(300),
                        20,
                        QUICK.firstDelay(),
                        QUICK.greatestDelay(),
                        QUICK.greatestAsked(),
                        QUICK.deadline());

        TrainedOn.Model model = resolve(URI);

        assertThat(store.get(model.importedPrefix() + "model.safetensors")).isEqualTo(weights);
        assertThat(server.requestsFor("model.safetensors"))
                .filteredOn(request -> request.storage() && !request.range().isEmpty())
                .isNotEmpty();
    }

    @Test
    void aTransferThatIsCutAgainAndAgainIsGivenUpNamingTheFile() {
        server.cuts.addAll(List.of(1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20));
        server.cuts.addAll(List.of(100, 100, 100));

        assertCode(
                ErrorCode.HUB_UNREACHABLE,
                "some-org/a-model@" + FakeHub.COMMIT + "/model.safetensors",
                URI);
        assertNoModel();
    }

    @Test
    void aTruncatedFileIsNamed() {
        server.replaced.put("model.safetensors", Arrays.copyOf(weights, weights.length / 2));
        assertCode(
                ErrorCode.HUB_CORRUPT,
                "some-org/a-model@" + FakeHub.COMMIT + "/model.safetensors",
                URI);
        server.replaced.clear();
        server.replaced.put("tokenizer.json", new byte[0]);
        assertCode(ErrorCode.HUB_UNREACHABLE, "ends after 0 of 8 bytes", URI);
        assertNoModel();
    }

    @Test
    void aWrongChecksumIsFoundInLargeFilesAndInThoseOfGit() {
        byte[] flipped = weights.clone();
        flipped[2_000_000] ^= 1;
        server.replaced.put("model.safetensors", flipped);
        assertCode(ErrorCode.HUB_CORRUPT, "/model.safetensors", URI);
        assertNoModel();
        server.replaced.clear();
        server.replaced.put("tokenizer.json", bytes("{\"a\": 2}"));
        assertCode(ErrorCode.HUB_CORRUPT, "its SHA-1 is", URI);
        server.replaced.put("tokenizer.json", bytes("{\"a\": 1} "));
        assertCode(ErrorCode.HUB_CORRUPT, "more than the 8 bytes", URI);
        assertNoModel();
        server.replaced.clear();
        assertThat(store.get(resolve(URI).importedPrefix() + "model.safetensors"))
                .isEqualTo(weights);
    }

    @Test
    void filesThatAListingOnlyNamesAreAskedForAndChecked() {
        server.listsNamesAlone = true;
        TrainedOn.Model model = resolve(URI);
        assertThat(store.get(model.importedPrefix() + "model.safetensors")).isEqualTo(weights);
        assertThat(server.requestsFor("model.safetensors"))
                .extracting(Request::method)
                .containsExactly("HEAD", "GET", "GET");

        store.list("").forEach(object -> store.delete(object.key()));
        server.replaced.put("model.safetensors", new byte[weights.length]);
        assertCode(ErrorCode.HUB_CORRUPT, "its SHA-256 is", URI);
        assertNoModel();
    }

    @Test
    void aTokenizerComesFromTheHubToo() {
        assertThat(store.get(tokenizer(URI))).isEqualTo(bytes("{\"a\": 1}"));
        server.files.remove("tokenizer.json");
        assertThatThrownBy(() -> tokenizer(URI))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_MISSING));
    }

    private String tokenizer(String uri) {
        return resolve(
                        new ModelSource.Fresh(
                                HuggingFaceConfiguration.read(CONFIGURATION, "test").architecture(),
                                uri))
                .tokenizerKey();
    }

    private boolean isInScratch(long bytes) {
        try (var files = Files.list(folder.resolve("scratch"))) {
            return files.mapToLong(file -> file.toFile().length()).sum() >= bytes;
        } catch (IOException e) {
            return false;
        }
    }

    private Path copy() throws IOException {
        Path copy = Files.createDirectories(folder.resolve("copy"));
        for (String name :
                List.of(
                        "config.json",
                        "generation_config.json",
                        "model.safetensors",
                        "tokenizer.json")) {
            Files.write(copy.resolve(name), server.files.getOrDefault(name, new byte[0]));
        }
        return copy;
    }
}
