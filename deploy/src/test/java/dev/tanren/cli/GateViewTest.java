package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GateViewTest {

    @Test
    void whatAGateMeasuredIsShownWithWhatThePlanRequired() throws Exception {
        String shown =
                shown(
                        """
                        [{"id":"release","type":"export"},
                         {"id":"waits","type":"evaluate"},
                         {"id":"gate","type":"evaluate","result":{"step":1200,
                          "datasets":{"code":{"loss":3.7189,"perplexity":41.219,"tokens":5120}},
                          "before":{"code":{"loss":6.02,"perplexity":411.5,"tokens":5120}},
                          "metrics":{"code.forgetting":-0.8998},
                          "requirements":[
                            {"metric":"code.perplexity","value":41.219,"below":60,"above":null,"holds":true},
                            {"metric":"prose.loss","value":null,"below":3,"above":null,"holds":false}],
                          "prompt":"class A","sample":" {\\u001b[31m }"}}]""");

        assertThat(shown)
                .contains("what gate measured of step 1,200, in the second runtime")
                .containsPattern("code +411\\.50 +41\\.22 +-90\\.0 % +3\\.7189 +5120")
                .contains("holds: code.perplexity is 41.2190, must be below 60")
                .contains("FAILS: prose.loss is not measured, must be below 3")
                .contains("sample: class A →  {\\u001b[31m }")
                .doesNotContain("waits", "release");
    }

    @Test
    void nothingIsShownBeforeAGateHasMeasured() throws Exception {
        assertThat(shown("[{\"id\":\"gate\",\"type\":\"evaluate\",\"result\":null}]")).isEmpty();
    }

    private static String shown(String stages) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            new GateView(Json.mapper().readTree(stages)).print(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
