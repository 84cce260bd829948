package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Temporal's own command line, as people who deploy workers use it, over the stack's server.
record TemporalCommand(String program, String address) {

    static TemporalCommand of(Laboratory laboratory) throws InterruptedException {
        return new TemporalCommand(
                StackProcesses.commandOf(laboratory.part("temporal")).getFirst(),
                "127.0.0.1:" + laboratory.ports().temporal());
    }

    /// Makes a version the one that new runs begin on.
    void makeCurrent(String deployment, String buildId) throws InterruptedException {
        setCurrent(deployment, "--build-id", buildId);
    }

    /// Lets new runs begin on workers without a version again.
    void makeUnversionedCurrent(String deployment) throws InterruptedException {
        setCurrent(deployment, "--unversioned", "--ignore-missing-task-queues");
    }

    private void setCurrent(String deployment, String... which) throws InterruptedException {
        List<String> arguments =
                new ArrayList<>(List.of("worker", "deployment", "set-current-version", "--yes"));
        arguments.addAll(List.of("--deployment-name", deployment));
        arguments.addAll(List.of(which));
        var _ = run(arguments);
    }

    /// The version that a workflow is pinned to; empty for none.
    String buildOf(String workflow) throws InterruptedException {
        JsonNode described = json(List.of("workflow", "describe", "--workflow-id", workflow));
        return described
                .at("/workflowExecutionInfo/versioningInfo/deploymentVersion/buildId")
                .asText("");
    }

    /// The types of the events of a workflow's last execution.
    List<String> eventsOf(String workflow) throws InterruptedException {
        return json(List.of("workflow", "show", "--workflow-id", workflow))
                .path("events")
                .findValuesAsText("eventType");
    }

    private JsonNode json(List<String> arguments) throws InterruptedException {
        List<String> whole = new ArrayList<>(arguments);
        whole.addAll(List.of("--output", "json"));
        try {
            return Json.mapper().readTree(run(whole));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @throws dev.tanren.plan.error.TanrenException where the command fails, with what it says
    private String run(List<String> arguments) throws InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(program);
        command.addAll(arguments);
        command.addAll(List.of("--address", address));
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw Laboratory.broken("Temporal's command failed: " + said.strip(), address);
            }
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
