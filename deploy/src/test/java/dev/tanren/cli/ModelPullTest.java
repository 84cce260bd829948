package dev.tanren.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Fetching an export.
class ModelPullTest extends CommandTest {

    private static final String ARTIFACTS = "/api/v1/runs/r1/artifacts/release/";

    private final Map<String, byte[]> artifacts = new LinkedHashMap<>();
    private final List<String> fetched = new ArrayList<>();

    /// Bytes after which the next answer breaks off; -1 for none.
    private int cut = -1;

    @BeforeEach
    void anExport() {
        artifacts.put("huggingface/config.json", "{}".getBytes(UTF_8));
        artifacts.put("huggingface/model.safetensors", "0123456789".getBytes(UTF_8));
        artifacts.put("djl/model.pt", "script".getBytes(UTF_8));
        server.createContext(ARTIFACTS, this::serve);
    }

    @Test
    void theFilesOfAnExportAreFetchedAndChecked() throws IOException {
        Result result = run("model", "pull", "r1/release", "model");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo(folder.resolve("model") + "\n");
        assertThat(folder.resolve("model/model.safetensors")).hasContent("0123456789");
        assertThat(names(folder.resolve("model")))
                .containsExactly("config.json", "model.safetensors");
        assertThat(folder.resolve("model.part")).doesNotExist();

        Result json = run("model", "pull", "r1/release", "bundle", "--format", "djl", "--json");
        assertThat(json.tree().path("files").get(0).path("sha256").asText())
                .isEqualTo(Sha256.of("script"));
        assertThat(folder.resolve("bundle/model.pt")).hasContent("script");
    }

    @Test
    void aFolderThatIsThereStaysItself() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Object itself = Files.readAttributes(model, BasicFileAttributes.class).fileKey();

        Result result = run("model", "pull", "r1/release", "model");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(Files.readAttributes(model, BasicFileAttributes.class).fileKey())
                .isEqualTo(itself);
        assertThat(names(model)).containsExactly("config.json", "model.safetensors");
    }

    @Test
    void afterACutTheSameCommandGoesOnWhereItWas() {
        cut = 4;
        Result broken = run("model", "pull", "r1/release", "model");
        assertThat(broken.exitCode()).isNotZero();
        assertThat(broken.err()).contains("model.safetensors", "Repeat the command");
        assertThat(folder.resolve("model")).doesNotExist();
        fetched.clear();

        Result result = run("model", "pull", "r1/release", "model");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(folder.resolve("model/model.safetensors")).hasContent("0123456789");
        assertThat(fetched)
                .containsExactly("manifest.json", "huggingface/model.safetensors bytes=4-");
    }

    @Test
    void whatAnotherExportLeftIsReplaced() throws IOException {
        Path part = Files.createDirectories(folder.resolve("model.part"));
        Files.writeString(part.resolve("old.safetensors"), "old");
        Files.writeString(part.resolve("config.json"), "[]");
        Files.writeString(part.resolve("model.safetensors.part"), "987");

        assertThat(run("model", "pull", "r1/release", "model").exitCode()).isZero();

        assertThat(names(folder.resolve("model")))
                .containsExactly("config.json", "model.safetensors");
        assertThat(folder.resolve("model/config.json")).hasContent("{}");
        assertThat(folder.resolve("model/model.safetensors")).hasContent("0123456789");
    }

    @Test
    void aFolderWithSomethingInItIsLeftAlone() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(model.resolve("mine.txt"), "mine");

        Result result = run("model", "pull", "r1/release", "model");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(names(model)).containsExactly("mine.txt");
        assertThat(fetched).isEmpty();

        Files.delete(model.resolve("mine.txt"));
        assertThat(run("model", "pull", "r1/release", "model").exitCode()).isZero();
    }

    @Test
    void bytesOtherThanTheManifestsAreRefused() {
        run("model", "pull", "r1/release", "elsewhere");
        artifacts.put("manifest", manifest());
        artifacts.put("huggingface/model.safetensors", "0123456780".getBytes(UTF_8));

        Result result = run("model", "pull", "r1/release", "model");

        assertThat(result.err()).contains("TNR-4005", "huggingface/model.safetensors");
        assertThat(folder.resolve("model")).doesNotExist();
    }

    @Test
    void aManifestThatLeadsOutOfTheFolderIsRefused() {
        artifacts.put("huggingface/../../escaped", "x".getBytes(UTF_8));

        assertThat(run("model", "pull", "r1/release", "model").err()).contains("TNR-4005");
        assertThat(folder.resolve("escaped")).doesNotExist();
    }

    @Test
    void whatIsNoExportIsTold() {
        assertThat(run("model", "pull", "r1", "model").exitCode()).isEqualTo(2);
        assertThat(run("model", "pull", "r1/other", "model").exitCode()).isEqualTo(3);
        assertThat(run("model", "pull", "r1/release", "model", "--format", "gguf").exitCode())
                .isEqualTo(3);
    }

    @Test
    void runGetShowsWhereAnExportIs() {
        answers.put(
                "GET /runs/r1",
                new Answer(
                        200,
                        """
                        {"run":{"id":"r1","name":"small","status":"succeeded"},"failure":null,
                         "stages":[{"id":"release","type":"export"}],"attempts":[]}"""));
        answers.put(
                "GET /runs/r1/artifacts",
                new Answer(
                        200,
                        """
                        {"items":[{"stage":"gate","name":"djl/model.pt","bytes":1,"uri":"s3://b/g"},
                         {"stage":"release","name":"huggingface/config.json","bytes":2,
                         "uri":"s3://b/runs/r1/release/artifacts/huggingface/config.json"}]}"""));

        Result table = run("run", "get", "r1");
        assertThat(table.out())
                .contains("export  release  s3://b/runs/r1/release/artifacts/")
                .containsPattern("huggingface/config.json +2 B")
                .doesNotContain("djl/model.pt");
        assertThat(table.err()).contains("./tanren model pull r1/release FOLDER");
        assertThat(run("run", "get", "r1", "--json").tree().path("artifacts")).hasSize(1);

        answers.put(
                "GET /runs/r1/artifacts",
                new Answer(
                        200,
                        """
                        {"items":[{"stage":"release","name":"djl/model.pt","bytes":2,
                         "uri":"s3://b/runs/r1/release/artifacts/djl/model.pt"}]}"""));
        assertThat(run("run", "get", "r1").err())
                .contains("./tanren model pull --format djl r1/release FOLDER");
    }

    private static List<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private byte[] manifest() {
        return artifacts.entrySet().stream()
                .filter(file -> file.getKey().contains("/"))
                .map(
                        file ->
                                "{\"path\":\"%s\",\"bytes\":%d,\"sha256\":\"%s\"}"
                                        .formatted(
                                                file.getKey(),
                                                file.getValue().length,
                                                Sha256.of(file.getValue())))
                .collect(Collectors.joining(",", "{\"files\":[", "]}"))
                .getBytes(UTF_8);
    }

    private void serve(HttpExchange exchange) throws IOException {
        String name = exchange.getRequestURI().getPath().substring(ARTIFACTS.length());
        String range = exchange.getRequestHeaders().getFirst("Range");
        fetched.add(range == null ? name : name + " " + range);
        byte[] whole =
                name.equals("manifest.json")
                        ? artifacts.getOrDefault("manifest", manifest())
                        : artifacts.getOrDefault(name, new byte[0]);
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
        byte[] bytes = Arrays.copyOfRange(whole, from, whole.length);
        exchange.sendResponseHeaders(range == null ? 200 : 206, bytes.length);
        boolean broken = cut >= 0 && name.endsWith(".safetensors");
        exchange.getResponseBody().write(bytes, 0, broken ? cut : bytes.length);
        if (broken) {
            cut = -1;
            exchange.getResponseBody().flush();
        }
        exchange.close();
    }
}
