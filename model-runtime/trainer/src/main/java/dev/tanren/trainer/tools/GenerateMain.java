package dev.tanren.trainer.tools;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.launch.DjlSettings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.model.LocalModelFolder;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.trainer.generate.Generation;
import dev.tanren.trainer.generate.Sampling;
import dev.tanren.trainer.generate.TextStream;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// Continues a text with a model: the likeliest token each time, or drawn.
///
/// The continuation goes to standard output as it is made, in UTF-8, and its figures to standard
/// error; with `--json`, one object at the end has all. It ends at the model's end token, at a stop
/// text, at the number of tokens asked for and at the model's last position.
public final class GenerateMain {

    private static final String USAGE =
            "model generate --model DIR --prompt TEXT [--max-new-tokens N] [--temperature T]"
                    + " [--top-k K] [--top-p P] [--seed S] [--stop TEXT]... [--threads N] [--json]";

    private GenerateMain() {}

    public static void main(String[] arguments) {
        // Not System.out, which writes in the locale's encoding.
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        Mains.runForCommand(() -> run(out, System.err, arguments));
    }

    static void run(PrintStream out, PrintStream figures, String... arguments) {
        Options options =
                Options.parse(
                        USAGE,
                        Set.of(
                                "model",
                                "prompt",
                                "max-new-tokens",
                                "temperature",
                                "top-k",
                                "top-p",
                                "seed",
                                "stop",
                                "threads"),
                        Set.of("json"),
                        arguments);
        if (options.flag("json")) {
            out.println(generate(options, piece -> {}));
            return;
        }
        ObjectNode result =
                generate(
                        options,
                        piece -> {
                            out.print(piece);
                            out.flush();
                        });
        out.println();
        figures.println(figures(result));
    }

    private static ObjectNode generate(Options options, Consumer<String> reader) {
        Path folder = Path.of(options.required("model"));
        String prompt = options.required("prompt");
        int threads = options.integer("threads", Runtime.getRuntime().availableProcessors(), 1);
        int newTokens = options.integer("max-new-tokens", 64, 1);
        Sampling sampling = sampling(options);
        List<String> stops = stops(options);
        HuggingFaceDirectory directory = HuggingFaceDirectory.open(folder);
        try (HuggingFaceTokenizer tokenizer = tokenizer(folder)) {
            EndTokens ends = ends(directory);
            long[] ids = tokenizer.encode(prompt).getIds();
            List<Integer> tokens = Arrays.stream(ids).mapToObj(Math::toIntExact).toList();
            Generation generation =
                    new Generation(tokens, newTokens, Set.copyOf(ends.generated()), sampling);
            generation.requireFit(directory.configuration().architecture());
            try (LoadedModel model = LoadedModel.load(folder, threads)) {
                TextStream text = new TextStream(tokenizer, tokens, stops, reader);
                Generation.Result result = generation.run(model.decoder(), text::add);
                text.finish();
                return describe(prompt, tokens.size(), text.text(), result);
            }
        }
    }

    private static Sampling sampling(Options options) {
        return new Sampling(
                options.number("temperature", 0),
                options.integer("top-k", 0, 0),
                options.number("top-p", 1),
                options.integer("seed", 0, 0));
    }

    private static List<String> stops(Options options) {
        List<String> stops = options.all("stop");
        if (stops.contains("")) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "a stop text is empty",
                    "--stop",
                    "Give at least one character.");
        }
        return stops;
    }

    private static ObjectNode describe(
            String prompt, int promptTokens, String text, Generation.Result result) {
        ObjectNode json =
                Json.mapper()
                        .createObjectNode()
                        .put("prompt", prompt)
                        .put("text", text)
                        .put("promptTokens", promptTokens);
        result.tokens().forEach(json.putArray("tokens")::add);
        return json.put("end", result.end().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .put("secondsToFirstToken", result.secondsToFirstToken())
                .put("tokensPerSecond", result.tokensPerSecond());
    }

    private static String figures(ObjectNode result) {
        int tokens = result.path("tokens").size();
        String all = tokens + (tokens == 1 ? " token" : " tokens");
        String rate =
                tokens == 1
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                ", then %.1f tokens/s",
                                result.path("tokensPerSecond").doubleValue());
        return String.format(
                Locale.ROOT,
                "%s (%s): the first after %.2f s%s",
                all,
                result.path("end").textValue(),
                result.path("secondsToFirstToken").doubleValue(),
                rate);
    }

    private static EndTokens ends(HuggingFaceDirectory directory) {
        LocalModelFolder folder = new LocalModelFolder(directory.directory());
        String tokenizer = ModelFiles.TOKENIZER;
        return EndTokens.read(
                TokenizerVocabulary.read(folder.read(tokenizer), folder.where(tokenizer)),
                folder,
                directory.configuration().architecture().vocabSize());
    }

    private static HuggingFaceTokenizer tokenizer(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        DjlSettings.apply();
        try {
            // Nothing is cut off or added without a word.
            return HuggingFaceTokenizer.newInstance(
                    file, Map.of("truncation", "false", "padding", "false"));
        } catch (IOException | RuntimeException e) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_UNREADABLE,
                    "the tokenizer cannot be read: " + e.getMessage(),
                    file.toString(),
                    "Put the model's own `tokenizer.json` beside its weights.",
                    e);
        }
    }
}
