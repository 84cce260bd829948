package dev.tanren.deploy.chaos;

import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.planner.MemoryForecast;
import dev.tanren.plan.units.ByteSize;
import dev.tanren.plan.validation.PlanReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/// A curriculum of two phases for a small model over random tokens: what is learned does not
/// matter, only that every bit of it comes again.
///
/// @param steps in all, of which every tenth is saved
record ChaosPlan(Path tokens, int steps) {

    static final String STAGE = "adapt";
    static final int STEPS_BETWEEN_SAVES = 10;

    /// Ids of tokens in the data are below it.
    static final int VOCABULARY = 320;

    private static final int TOKENS_PER_STEP = 4096;
    private static final int TOKENS = 1 << 20;
    private static final String TEMPLATE = "/chaos/plan.yaml";

    /// Writes the tokens, as unsigned 16-bit little-endian numbers.
    static Path writeTokens(Path folder) {
        Random random = new Random(1);
        byte[] bytes = new byte[2 * TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            int token = random.nextInt(VOCABULARY);
            bytes[2 * i] = (byte) token;
            bytes[2 * i + 1] = (byte) (token >> 8);
        }
        try {
            return Files.write(Files.createDirectories(folder).resolve("tokens.u16"), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String render(String name) {
        long phase = (long) steps / 2 * TOKENS_PER_STEP;
        return template()
                .replace("${name}", name)
                .replace("${tokens}", tokens.toString())
                .replace("${phaseTokens}", Long.toString(phase))
                .replace("${save}", Integer.toString(STEPS_BETWEEN_SAVES));
    }

    /// What one of its ranks takes by the planner's count.
    static ByteSize memoryOfARank() {
        Plan plan =
                PlanReader.read(new ChaosPlan(Path.of("/tokens"), 80).render("count"))
                        .planOrThrow();
        if (plan.stage(STAGE).orElseThrow() instanceof TrainingStage stage
                && plan.model() instanceof ModelSource.Fresh fresh) {
            String first = stage.phases().getFirst().id();
            return new ByteSize(
                    MemoryForecast.of(stage, fresh.architecture(), first).predictedBytes());
        }
        throw new IllegalStateException("the plan trains no model from the start");
    }

    private static String template() {
        try (InputStream stream = ChaosPlan.class.getResourceAsStream(TEMPLATE)) {
            if (stream == null) {
                throw new IllegalStateException("the build left out " + TEMPLATE);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
