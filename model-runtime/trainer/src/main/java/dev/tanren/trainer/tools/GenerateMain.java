package dev.tanren.trainer.tools;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.tanren.launch.DjlSettings;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.parameters.NativeAddress;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.bytedeco.pytorch.Tensor;

/// Continues a text with a model: the likeliest token each time, or drawn at a temperature.
///
/// A sample to look at, not a server: every token costs a pass over the whole text. It stops at the
/// model's end token and at its longest sequence.
public final class GenerateMain {

    private static final String USAGE =
            "model generate --model DIR --prompt TEXT [--tokens N] [--temperature T] [--seed S]"
                    + " [--threads N]";

    private GenerateMain() {}

    public static void main(String[] arguments) {
        Mains.run(() -> System.out.println(run(arguments)));
    }

    static String run(String... arguments) {
        Options options =
                Options.parse(
                        USAGE,
                        Set.of("model", "prompt", "tokens", "temperature", "seed", "threads"),
                        Set.of(),
                        arguments);
        Path folder = Path.of(options.required("model"));
        int threads = options.integer("threads", Runtime.getRuntime().availableProcessors(), 1);
        RandomGenerator random =
                RandomGeneratorFactory.of("L64X128MixRandom").create(options.integer("seed", 0, 0));
        double temperature = options.number("temperature", 0);
        int tokens = options.integer("tokens", 64, 1);
        String text = options.required("prompt");
        try (LoadedModel model = LoadedModel.load(folder, threads);
                HuggingFaceTokenizer tokenizer = tokenizer(folder)) {
            int[] prompt = prompt(tokenizer, text, model.decoder().architecture());
            int[] all = extend(model, prompt, tokens, temperature, random);
            return tokenizer.decode(Arrays.stream(all).asLongStream().toArray(), true);
        }
    }

    /// The prompt's ids, each of which the model knows, and not more than it has positions for.
    private static int[] prompt(
            HuggingFaceTokenizer tokenizer, String text, Architecture architecture) {
        long[] ids = tokenizer.encode(text).getIds();
        if (ids.length == 0) {
            throw new TanrenException(
                    ErrorCode.USAGE, "the prompt has no token", "--prompt", "Give some text.");
        }
        if (ids.length >= architecture.maximumPositions()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the prompt has "
                            + ids.length
                            + " tokens, and the model "
                            + architecture.maximumPositions()
                            + " positions (max_position_embeddings) for prompt and text",
                    "--prompt",
                    "Give a shorter one.");
        }
        for (long id : ids) {
            if (id >= architecture.vocabSize()) {
                throw new TanrenException(
                        ErrorCode.TOKENIZER_MISMATCH,
                        "the tokenizer gives the token "
                                + id
                                + ", the model's vocabulary has "
                                + architecture.vocabSize(),
                        "tokenizer.json",
                        "Put the model's own `tokenizer.json` beside its weights.");
            }
        }
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }

    private static int[] extend(
            LoadedModel model,
            int[] prompt,
            int tokens,
            double temperature,
            RandomGenerator random) {
        int longest = model.decoder().architecture().maximumPositions();
        int[] all = prompt;
        while (all.length < Math.min(prompt.length + tokens, longest)) {
            float[] logits = lastLogits(model, all);
            int next = temperature == 0 ? likeliest(logits) : draw(logits, temperature, random);
            if (model.directory().configuration().eosTokenIds().contains(next)) {
                break;
            }
            all = Arrays.copyOf(all, all.length + 1);
            all[all.length - 1] = next;
        }
        return all;
    }

    private static float[] lastLogits(LoadedModel model, int[] tokens) {
        try (Tensor logits = model.decoder().logits(MicroBatch.ofRows(new int[][] {tokens}))) {
            int vocabulary = model.decoder().architecture().vocabSize();
            float[] last = new float[vocabulary];
            MemorySegment.copy(
                    NativeAddress.segment(logits),
                    JAVA_FLOAT,
                    (tokens.length - 1L) * vocabulary * Float.BYTES,
                    last,
                    0,
                    vocabulary);
            return last;
        }
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int v = 1; v < logits.length; v++) {
            best = logits[v] > logits[best] ? v : best;
        }
        return best;
    }

    private static int draw(float[] logits, double temperature, RandomGenerator random) {
        double highest = logits[likeliest(logits)];
        double[] sums = new double[logits.length];
        double sum = 0;
        for (int v = 0; v < logits.length; v++) {
            sum += Math.exp((logits[v] - highest) / temperature);
            sums[v] = sum;
        }
        int found = Arrays.binarySearch(sums, random.nextDouble() * sum);
        return Math.min(found < 0 ? -found - 1 : found, logits.length - 1);
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
