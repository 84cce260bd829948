package dev.tanren.plan.validation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.json.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanSchemaTest {

    private final JsonNode schema = parse();

    @Test
    void describesEveryKeyOfTheTableAndForbidsOthers() {
        assertThat(schema.path("$schema").asText()).contains("2020-12");
        JsonNode cpt = definition("cpt");
        assertThat(cpt.path("additionalProperties").booleanValue()).isFalse();
        assertThat(cpt.path("properties").path("type").path("const").asText()).isEqualTo("cpt");
        List<String> names = new ArrayList<>();
        cpt.path("properties").fieldNames().forEachRemaining(names::add);
        assertThat(names).containsExactlyInAnyOrderElementsOf(TrainingKeys.CPT.names());
        assertThat(definition("distil").path("properties").has("teacher")).isTrue();
    }

    @Test
    void carriesDefaultsBoundsAndWhatWorksNow() {
        JsonNode optimizer = definition("optimizer").path("properties");
        assertThat(optimizer.path("betas").path("default").toString()).isEqualTo("[0.9,0.95]");
        assertThat(optimizer.path("weightDecay").path("default").doubleValue()).isEqualTo(0.1);
        assertThat(optimizer.path("learningRate").path("exclusiveMinimum").doubleValue()).isZero();
        JsonNode precision = definition("cpt").path("properties").path("precision");
        assertThat(precision.path("enum").toString()).isEqualTo("[\"fp32\",\"bf16\"]");
        JsonNode sharding = definition("parallelism").path("properties").path("sharding");
        assertThat(sharding.path("$comment").asText()).contains("none");
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        assertThat(schema.findValuesAsText("$ref"))
                .isNotEmpty()
                .allSatisfy(
                        reference ->
                                assertThat(schema.at(reference.substring(1)).isObject()).isTrue());
    }

    @Test
    void patternsAreThoseThatEveryValidatorKnows() {
        assertThat(schema.findValuesAsText("pattern"))
                .isNotEmpty()
                .allSatisfy(pattern -> assertThat(pattern).doesNotContain("(?", "\\Q", "++"));
    }

    private JsonNode definition(String name) {
        return schema.path("$defs").path(name);
    }

    private static JsonNode parse() {
        return Json.read(PlanSchema.json(), JsonNode.class);
    }
}
