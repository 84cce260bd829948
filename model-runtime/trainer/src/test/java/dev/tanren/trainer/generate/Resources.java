package dev.tanren.trainer.generate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// Files that scripts have made for tests.
final class Resources {

    private Resources() {}

    static Path path(String name) {
        try {
            return Path.of(Objects.requireNonNull(Resources.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(String name) throws IOException {
        return Json.mapper().readTree(Files.readString(path(name)));
    }
}
