package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "diagnose",
        mixinStandardHelpOptions = true,
        description = "Says how a run stands, why, what can be done, and where its time goes.")
final class DiagnoseCommand implements Callable<Integer> {

    private static final int WIDTH = 40;

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Id of the run.")
    private String id;

    @Option(names = "--stage", description = "Stage to look at (default: the one at work).")
    private @Nullable String stage;

    @Mixin private OutputOptions output;

    DiagnoseCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ApiClient api = new ApiClient(Server.of(terminal.environment()));
        String path = "/runs/" + ApiClient.name(id);
        JsonNode diagnosis =
                api.get(
                        path
                                + "/diagnosis"
                                + (stage == null ? "" : "?stage=" + ApiClient.encode(stage)));
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, diagnosis);
            return Exit.OK;
        }
        SituationView.print(terminal.out(), diagnosis.path("situation"), Instant.now());
        terminal.out().println();
        if (diagnosis.path("firstStep").asLong() > 0) {
            print(diagnosis);
        } else {
            terminal.out().println("time     too few steps yet to say where it goes");
        }
        return Exit.OK;
    }

    private void print(JsonNode diagnosis) {
        terminal.out()
                .printf(
                        Locale.ROOT,
                        "time     of stage %s, steps %d to %d, %.3f s each%n",
                        diagnosis.path("stage").asText(),
                        diagnosis.path("firstStep").asLong(),
                        diagnosis.path("lastStep").asLong(),
                        diagnosis.path("secondsPerStep").asDouble());
        memory(diagnosis).ifPresent(text -> terminal.out().println("memory   " + text));
        if (diagnosis.path("modelFlopsUtilisation").isNumber()) {
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "MFU      %.1f %% of the device's peak%n",
                            100 * diagnosis.path("modelFlopsUtilisation").asDouble());
        }
        if (diagnosis.path("verdict").isTextual()) {
            terminal.out().println("verdict  " + diagnosis.path("verdict").asText());
            terminal.out().println("because  " + diagnosis.path("evidence").asText());
            terminal.out().println("mend     " + diagnosis.path("mend").asText());
        } else {
            terminal.out().println("verdict  none: these steps were before what is told above");
        }
        terminal.out().println();
        for (var share : diagnosis.path("shares").properties()) {
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "%-14s %5.1f %%  %s%n",
                            share.getKey(),
                            100 * share.getValue().asDouble(),
                            "█".repeat((int) Math.round(WIDTH * share.getValue().asDouble())));
        }
    }

    /// What the fullest rank took, and of how much.
    private static Optional<String> memory(JsonNode diagnosis) {
        long fullest =
                diagnosis
                        .path("ranks")
                        .valueStream()
                        .mapToLong(rank -> rank.path("peakResidentBytes").asLong())
                        .max()
                        .orElse(0);
        if (fullest == 0) {
            return Optional.empty();
        }
        JsonNode limit = diagnosis.path("memoryLimitBytes");
        return Optional.of(
                limit.isNumber()
                        ? Figures.bytes(fullest)
                                + " of "
                                + Figures.bytes(limit.asLong())
                                + " a rank"
                        : Figures.bytes(fullest));
    }
}
