package dev.tanren.controlplane.plan;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.api.PlanTemplate;
import dev.tanren.plan.text.FileUris;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// The example plans of `docs/examples`, as they are offered to begin with.
@Singleton
public class PlanTemplates {

    /// @param own whether all that it names comes with the repository
    private record Example(String id, String title, boolean own) {}

    private static final List<Example> EXAMPLES =
            List.of(
                    new Example("first-run", "A first run, in a minute", true),
                    new Example("curriculum", "Continue pre-training, easy before hard", true),
                    new Example("phases-and-gate", "Several phases and a gate", true),
                    new Example("java-expert", "Continue from a published model", false),
                    new Example("seven-billion", "Seven billion parameters: does it fit?", false));

    private final Optional<Path> folder;

    @Inject
    PlanTemplates(Settings settings) {
        this(settings.examples().map(Path::of));
    }

    /// @param folder of the examples on the machine of the workers
    PlanTemplates(Optional<Path> folder) {
        this.folder = folder;
    }

    /// The simplest first.
    public List<PlanTemplate> all() {
        return EXAMPLES.stream().map(this::template).toList();
    }

    private PlanTemplate template(Example example) {
        String name = example.id() + ".yaml";
        String text = read("/examples/" + name);
        String absolute =
                folder.filter(it -> example.own())
                        .map(it -> FileUris.absolute(text, it.resolve(name)))
                        .orElse(text);
        return new PlanTemplate(
                example.id(),
                example.title(),
                about(text),
                example.own() && folder.isPresent(),
                absolute);
    }

    /// The first paragraph of the comment that a plan begins with, in one line.
    private static String about(String text) {
        return text.lines()
                .takeWhile(line -> line.startsWith("# "))
                .map(line -> line.substring(2).strip())
                .collect(Collectors.joining(" "));
    }

    private static String read(String resource) {
        try (InputStream stream = PlanTemplates.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException("the build left out " + resource);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
