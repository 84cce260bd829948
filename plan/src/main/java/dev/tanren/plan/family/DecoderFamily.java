package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/// One family of decoders. Whatever depends on the family is asked here: a new one is a file beside
/// the others, a word in [Family], and a decoder in the trainer.
public abstract class DecoderFamily {

    private final Family family;
    private final String classes;
    private final String languageModel;

    /// @param classes what the names of transformers' classes begin with, such as `Llama`
    /// @param languageModel how the name of the class with the head ends
    DecoderFamily(Family family, String classes, String languageModel) {
        this.family = family;
        this.classes = classes;
        this.languageModel = languageModel;
    }

    public static DecoderFamily of(Family family) {
        return switch (family) {
            case LLAMA -> Llama.INSTANCE;
            case MISTRAL -> Mistral.INSTANCE;
            case QWEN2 -> Qwen2.INSTANCE;
            case QWEN3 -> Qwen3.INSTANCE;
            case PHI3 -> Phi3.INSTANCE;
            case GPT2 -> Gpt2.INSTANCE;
        };
    }

    public static DecoderFamily of(Architecture architecture) {
        return of(architecture.family());
    }

    /// @param modelType the `model_type` of a `config.json`
    public static Optional<DecoderFamily> named(String modelType) {
        return all().stream().filter(it -> it.modelType().equals(modelType)).findFirst();
    }

    public static List<DecoderFamily> all() {
        return Arrays.stream(Family.values()).map(DecoderFamily::of).toList();
    }

    public final Family family() {
        return family;
    }

    /// What transformers calls it, and plans do.
    public final String modelType() {
        return family.name().toLowerCase(Locale.ROOT);
    }

    /// transformers' class with the head.
    public final String languageModelClass() {
        return classes + languageModel;
    }

    /// transformers' class without it.
    public final String bareModelClass() {
        return classes + "Model";
    }

    /// All parameters in the order in which they lie in a model's buffers: the embedding first, a
    /// tied head left out.
    public final List<ModelParameter> parameters(Architecture architecture) {
        List<ModelParameter> all = new ArrayList<>(before(architecture));
        for (int layer = 0; layer < architecture.layers(); layer++) {
            all.addAll(layer(architecture, layer));
        }
        all.addAll(after(architecture));
        return List.copyOf(all);
    }

    /// Parameters of what comes before the layers; the token embedding is the first.
    public abstract List<ModelParameter> before(Architecture architecture);

    /// Parameters of one layer. All layers have the same but for their names.
    ///
    /// @param layer from 0
    public abstract List<ModelParameter> layer(Architecture architecture, int layer);

    /// Parameters of what comes after the layers; a head of its own is the last.
    public abstract List<ModelParameter> after(Architecture architecture);

    /// Names and shapes of the tensors that a checkpoint of an architecture has, so that files can
    /// be checked where no decoder is at hand.
    public static SequencedMap<String, List<Long>> tensors(Architecture architecture) {
        SequencedMap<String, List<Long>> shapes = new LinkedHashMap<>();
        of(architecture)
                .parameters(architecture)
                .forEach(parameter -> shapes.put(parameter.name(), parameter.shape()));
        return shapes;
    }

    /// The sum of their sizes, in words.
    public abstract String parameterFormula();

    /// Reads a `config.json`.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `MODEL_CONFIGURATION` or `MODEL_UNSUPPORTED`,
    ///     naming the key
    public abstract Architecture read(ConfigurationKeys keys);

    /// Writes the keys that read as this architecture, in the form of transformers 4 and 5.
    public abstract void write(Architecture architecture, ObjectNode root);

    /// Key of the hidden size in `config.json`.
    public abstract String hiddenKey();

    /// Key of the number of heads in `config.json`.
    public abstract String headsKey();

    /// Whether positions are rotary angles rather than learned embeddings.
    public abstract boolean rotary();

    /// Whether the feed-forward part multiplies what it activates by a second projection.
    public abstract boolean gated();

    /// How many fp32 numbers a norm of the stream keeps of a place.
    public abstract int normStatistics();

    /// Whether queries, keys and values have biases, where the projections have none otherwise.
    public boolean biasesHeads() {
        return false;
    }

    /// Whether queries and keys have norms of their own.
    public boolean normsHeads() {
        return false;
    }

    /// Whether a plan may give it a window to attend through.
    public boolean takesWindow() {
        return false;
    }

    /// Whether its rotary frequencies may be scaled.
    public boolean scalesFrequencies() {
        return rotary();
    }

    /// Whether it may have fewer key-value heads than heads.
    public boolean groupsQueries() {
        return true;
    }
}
