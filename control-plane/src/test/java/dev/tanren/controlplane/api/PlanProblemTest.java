package dev.tanren.controlplane.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.plan.validation.PlanReading;
import dev.tanren.plan.validation.Problem;
import org.junit.jupiter.api.Test;

class PlanProblemTest {

    @Test
    void theServerAndTheCommandLineTellAProblemInOneForm() {
        PlanReading reading = PlanReader.read("name: x\nsede: 1\n");
        assertThat(reading).isInstanceOf(PlanReading.Invalid.class);

        for (Problem problem : ((PlanReading.Invalid) reading).problems()) {
            JsonNode ofTheServer = Json.mapper().valueToTree(PlanProblem.of(problem));
            JsonNode ofTheCommandLine = Json.mapper().valueToTree(problem);
            assertThat(ofTheCommandLine).isEqualTo(ofTheServer);
            assertThat(ofTheServer.path("code").asText()).matches("TNR-\\d{4}");
        }
    }
}
