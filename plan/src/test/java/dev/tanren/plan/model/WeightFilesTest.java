package dev.tanren.plan.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.testing.TextFolder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class WeightFilesTest {

    private static final String INDEX = "model.safetensors.index.json";

    private final Map<String, String> files = new TreeMap<>();

    @Test
    void aSingleFileGoesBeforeAnIndex() {
        files.put("model.safetensors", "");
        files.put(INDEX, "{\"weight_map\": {\"a\": \"m-1.safetensors\"}}");

        assertThat(find()).isEqualTo(new WeightFiles(null, List.of("model.safetensors")));
    }

    @Test
    void anIndexNamesEachShardOnceAndAllMustBeThere() {
        files.put(
                INDEX,
                """
                {"weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors",
                                "c": "m-2.safetensors"}}
                """);
        files.put("m-1.safetensors", "");
        assertRefused(ErrorCode.MODEL_MISSING, "m-2.safetensors");

        files.put("m-2.safetensors", "");
        assertThat(find())
                .isEqualTo(new WeightFiles(INDEX, List.of("m-1.safetensors", "m-2.safetensors")));
    }

    @Test
    void anIndexNamesSafetensorsBesideItAndNothingElse() {
        for (String name :
                List.of(
                        "../m.safetensors",
                        "a/m.safetensors",
                        "..\\\\m.safetensors",
                        "m.bin",
                        "")) {
            files.put(INDEX, "{\"weight_map\": {\"a\": \"" + name + "\"}}");
            assertRefused(ErrorCode.SAFETENSORS_CORRUPT, INDEX);
        }
    }

    @Test
    void anIndexThatNamesNothingIsRefused() {
        for (String index : List.of("weights", "{}", "{\"weight_map\": {}}", "")) {
            files.put(INDEX, index);
            assertRefused(ErrorCode.SAFETENSORS_CORRUPT, INDEX);
        }
    }

    @Test
    void pickledWeightsAloneAreRefusedByName() {
        files.put("config.json", "{}");
        assertRefused(ErrorCode.MODEL_MISSING, "model.safetensors");

        files.put("pytorch_model.bin", "");
        assertRefused(ErrorCode.PICKLE_REFUSED, "pytorch_model.bin");
    }

    private WeightFiles find() {
        return WeightFiles.find(new TextFolder(files));
    }

    private void assertRefused(ErrorCode code, String part) {
        TanrenException thrown = catchThrowableOfType(TanrenException.class, this::find);
        assertThat(thrown.code()).isEqualTo(code);
        assertThat(thrown.getMessage()).contains(part);
    }
}
