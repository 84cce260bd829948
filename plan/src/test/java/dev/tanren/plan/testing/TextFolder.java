package dev.tanren.plan.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tanren.plan.model.ModelFolder;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// A model's folder whose files are texts by their names.
public record TextFolder(Map<String, String> files) implements ModelFolder {

    @Override
    public boolean has(String name) {
        return files.containsKey(name);
    }

    @Override
    public byte[] read(String name) {
        return Objects.requireNonNull(files.get(name)).getBytes(UTF_8);
    }

    @Override
    public List<String> names() {
        return List.copyOf(files.keySet());
    }

    @Override
    public String where(String name) {
        return "folder/" + name;
    }
}
