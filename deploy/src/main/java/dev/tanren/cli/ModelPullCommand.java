package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        mixinStandardHelpOptions = true,
        description = {
            "Fetches what an export stage published into a folder, and checks every file's SHA-256.",
            "After a cut the same command goes on where it was."
        })
final class ModelPullCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(
            index = "0",
            paramLabel = "RUN/STAGE",
            description = "Id of the run and of its export stage.")
    private String export;

    @Parameters(
            index = "1",
            paramLabel = "FOLDER",
            description = "Where the files go; must not exist or be empty.")
    private Path folder;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "huggingface",
            description = "huggingface (default) or djl.")
    private String format;

    @Mixin private OutputOptions output;

    ModelPullCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        String[] names = export.split("/", -1);
        if (names.length != 2 || names[0].isEmpty() || names[1].isEmpty()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "`" + export + "` is no RUN/STAGE.",
                    "RUN/STAGE",
                    "Take both from ./tanren run get RUN.");
        }
        Path target = terminal.resolve(folder).toAbsolutePath();
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        List<ModelPull.File> files =
                new ModelPull(terminal, api, names[0], names[1], target).pull(format);
        long bytes = files.stream().mapToLong(ModelPull.File::bytes).sum();
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println(target);
            terminal.say(
                    files.size() + " files, " + Figures.bytes(bytes) + ", every hash is right");
            return Exit.OK;
        }
        ObjectNode result =
                Json.mapper()
                        .createObjectNode()
                        .put("folder", target.toString())
                        .put("bytes", bytes);
        ArrayNode all = result.putArray("files");
        files.forEach(
                file ->
                        all.addObject()
                                .put("name", file.name())
                                .put("bytes", file.bytes())
                                .put("sha256", file.sha256()));
        output.data(terminal, result);
        return Exit.OK;
    }
}
