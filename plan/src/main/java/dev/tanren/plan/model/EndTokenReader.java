package dev.tanren.plan.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.EndTokens.EndToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// See [EndTokens#read].
final class EndTokenReader {

    /// What raw text ends with in published families, the most telling name first.
    private static final List<String> OF_RAW_TEXT =
            List.of(
                    "<|endoftext|>",
                    "<|end_of_text|>",
                    "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
                    "</s>",
                    "<eos>",
                    "[EOS]",
                    "<|eos|>");

    /// What ends a turn of a chat, or a call of a tool, in published families.
    private static final Set<String> OF_TURNS =
            Set.of(
                    "<|im_end|>",
                    "<|eot_id|>",
                    "<|eom_id|>",
                    "<|eot|>",
                    "<|eom|>",
                    "<end_of_turn>",
                    "<turn|>",
                    "<|end|>",
                    "<|end_of_turn|>",
                    "<|endofturn|>",
                    "<|END_OF_TURN_TOKEN|>",
                    "<|user|>",
                    "<|observation|>",
                    "<|return|>",
                    "<|call|>");

    private static final String NAME_KEY = "eos_token";
    private static final String ID_KEY = "eos_token_id";

    private final @Nullable TokenizerVocabulary tokenizer;
    private final ModelFolder folder;
    private final int vocabSize;

    EndTokenReader(@Nullable TokenizerVocabulary tokenizer, ModelFolder folder, int vocabSize) {
        this.tokenizer = tokenizer;
        this.folder = folder;
        this.vocabSize = vocabSize;
    }

    EndTokens read() {
        List<EndToken> declared = new ArrayList<>();
        named(ModelFiles.TOKENIZER_CONFIGURATION).ifPresent(declared::add);
        named(ModelFiles.SPECIAL_TOKENS).ifPresent(declared::add);
        List<Integer> ofModel = numbered(ModelFiles.CONFIGURATION);
        ofModel.forEach(id -> declared.add(token(id, ModelFiles.CONFIGURATION)));
        List<Integer> ofGeneration = numbered(ModelFiles.GENERATION);
        ofGeneration.forEach(id -> declared.add(token(id, ModelFiles.GENERATION)));
        declared.removeIf(token -> token.id() >= vocabSize);

        EndToken document =
                document(declared.stream().filter(token -> !ordinary(token)).toList())
                        .or(this::wellKnown)
                        .or(() -> declared.stream().findFirst())
                        .orElse(null);
        Set<Integer> generated =
                new LinkedHashSet<>(ofGeneration.isEmpty() ? ofModel : ofGeneration);
        if (document != null && (generated.isEmpty() || !ordinary(document))) {
            generated.add(document.id());
        }
        return new EndTokens(document, List.copyOf(generated));
    }

    private static Optional<EndToken> document(List<EndToken> declared) {
        return first(declared, OF_RAW_TEXT::contains)
                .or(() -> first(declared, name -> !OF_TURNS.contains(name)))
                .or(() -> declared.stream().findFirst());
    }

    /// An id that stands for a piece of text, such as the 2 that a configuration of Llama has
    /// unless told otherwise, ends a document only where nothing else can.
    private boolean ordinary(EndToken token) {
        return tokenizer != null
                && tokenizer.ordinary(token.id())
                && !OF_RAW_TEXT.contains(String.valueOf(token.content()))
                && !OF_TURNS.contains(String.valueOf(token.content()));
    }

    private static Optional<EndToken> first(List<EndToken> tokens, Predicate<String> names) {
        return tokens.stream()
                .filter(token -> names.test(String.valueOf(token.content())))
                .findFirst();
    }

    /// A turn's end is better than none where the tokenizer has nothing else.
    private Optional<EndToken> wellKnown() {
        List<String> names = new ArrayList<>(OF_RAW_TEXT);
        names.add("<|im_end|>");
        for (String name : names) {
            OptionalInt id = id(name);
            if (id.isPresent() && id.getAsInt() < vocabSize) {
                return Optional.of(new EndToken(id.getAsInt(), name, null));
            }
        }
        return Optional.empty();
    }

    /// `eos_token`, a text or an object with the text as `content`.
    private Optional<EndToken> named(String file) {
        JsonNode value = read(file).path(NAME_KEY);
        String name = value.isObject() ? value.path("content").asText() : value.textValue();
        if (name == null || name.isEmpty()) {
            return Optional.empty();
        }
        OptionalInt id = id(name);
        return id.isPresent()
                ? Optional.of(new EndToken(id.getAsInt(), name, file))
                : Optional.empty();
    }

    /// `eos_token_id`, a number or a list of them.
    private List<Integer> numbered(String file) {
        JsonNode value = read(file).path(ID_KEY);
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : value.isArray() ? value : Json.mapper().createArrayNode().add(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw bad(file, "`" + ID_KEY + "` has `" + id + "` in the place of a token id");
            }
            ids.add(id.intValue());
        }
        return ids;
    }

    private OptionalInt id(String name) {
        return tokenizer == null ? OptionalInt.empty() : tokenizer.id(name);
    }

    private EndToken token(int id, String file) {
        String content = tokenizer == null ? null : tokenizer.content(id).orElse(null);
        return new EndToken(id, content, file);
    }

    private JsonNode read(String file) {
        if (!folder.has(file)) {
            return MissingNode.getInstance();
        }
        try {
            return Json.mapper().readTree(folder.read(file));
        } catch (JsonProcessingException e) {
            throw bad(file, "it is not JSON: " + Json.problem(e));
        } catch (IOException e) {
            throw bad(file, "it is no UTF-8: " + e.getMessage());
        }
    }

    private TanrenException bad(String file, String what) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                what,
                folder.where(file),
                "Mend the file, or fetch it again from where the model came from.");
    }
}
