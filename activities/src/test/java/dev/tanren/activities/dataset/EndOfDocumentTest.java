package dev.tanren.activities.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.activities.dataset.DatasetPreparation.Prepared;
import dev.tanren.activities.dataset.DatasetPreparation.Request;
import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.tokens.Documents;
import dev.tanren.storage.tokens.TokenDataset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What ends a document, and what becomes of one that spells a special token. Of the tokenizer,
/// byte b is a token of its own.
class EndOfDocumentTest {

    private static final String PREFIX = "models/base/";
    private static final int FIRST_ADDED = 256;

    @TempDir private Path folder;
    private Path corpus;
    private final MemoryObjectStore store = new MemoryObjectStore();

    @BeforeEach
    void aFolder() throws IOException {
        corpus = Files.createDirectories(folder.resolve("corpus"));
    }

    @Test
    void aDocumentOfABaseOfDeepSeeksKindEndsInItsEos() throws IOException {
        tokenizer(
                "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>",
                "<\uFF5Cend\u2581of\u2581sentence\uFF5C>");
        put(
                "tokenizer_config.json",
                "{\"eos_token\": \"<\uFF5Cend\u2581of\u2581sentence\uFF5C>\"}");

        assertThat(tokens("aa", Dataset.SpecialTokens.TEXT)).hasSize(3).endsWith(257);
    }

    @Test
    void aDocumentEndsInWhatIsDeclaredAndNotInAListedName() throws IOException {
        tokenizer("<s>", "</s>", "<|im_end|>");
        put("tokenizer_config.json", "{\"eos_token\": {\"content\": \"</s>\"}}");

        assertThat(tokens("aa", Dataset.SpecialTokens.TEXT)).hasSize(3).endsWith(257);
    }

    @Test
    void anEndWithoutATokenIsWrittenAndCountedInTheVocabulary() throws IOException {
        tokenizer("<|endoftext|>");
        put("config.json", "{\"eos_token_id\": [270, 271]}");

        assertThat(tokens("aa", Dataset.SpecialTokens.TEXT)).hasSize(3).endsWith(270);
        assertThat(prepare(Dataset.SpecialTokens.TEXT).manifest().vocabSize()).isEqualTo(271);
    }

    @Test
    void withoutAnEndTokenADocumentHasNone() throws IOException {
        tokenizer("<pad>");

        assertThat(tokens("aa", Dataset.SpecialTokens.TEXT)).hasSize(2);
    }

    @Test
    void anotherEndIsAnotherDataset() throws IOException {
        tokenizer("<s>", "</s>");
        Files.writeString(corpus.resolve("a.txt"), "aa");
        String first = prepare(Dataset.SpecialTokens.TEXT).manifestKey();

        put("tokenizer_config.json", "{\"eos_token\": \"<s>\"}");

        assertThat(prepare(Dataset.SpecialTokens.TEXT).manifestKey()).isNotEqualTo(first);
        assertThat(prepare(Dataset.SpecialTokens.PARSE).manifestKey())
                .isNotEqualTo(prepare(Dataset.SpecialTokens.TEXT).manifestKey());
    }

    @Test
    void aSpelledSpecialTokenIsTextUnlessItIsToBeParsed() throws IOException {
        tokenizer("<|endoftext|>");

        assertThat(tokens("<|endoftext|>", Dataset.SpecialTokens.TEXT))
                .hasSize(14)
                .endsWith(FIRST_ADDED);
        assertThat(tokens("<|endoftext|>", Dataset.SpecialTokens.PARSE))
                .containsExactly(FIRST_ADDED, FIRST_ADDED);
    }

    /// As Python's tokenizers 0.23.3 encode it with `encode_special_tokens`: tokens that are added
    /// and not special are still found, under their own ids.
    @Test
    void tokensThatAreNotSpecialKeepTheirIds() throws IOException {
        tokenizer("<|endoftext|>", "+<think>", "<|im_end|>");

        int[] tokens = tokens("a<|endoftext|>b<think>c<|im_end|>", Dataset.SpecialTokens.TEXT);

        assertThat(tokens).hasSize(1 + 13 + 1 + 1 + 1 + 10 + 1).endsWith(FIRST_ADDED);
        assertThat(tokens[15]).isEqualTo(257);
        assertThat(added(tokens)).containsExactly(257, 256);
        assertThat(added(tokens("a<|endoftext|>b<think>c<|im_end|>", Dataset.SpecialTokens.PARSE)))
                .containsExactly(256, 257, 258, 256);
    }

    /// A special token of the model's own vocabulary, with a merge that spells it: as in files that
    /// were converted from SentencePiece.
    @Test
    void aSpecialTokenOfTheVocabularyIsTextToo() throws IOException {
        ObjectNode root = bytes();
        ObjectNode model = (ObjectNode) root.get("model");
        ObjectNode vocabulary = (ObjectNode) model.get("vocab");
        vocabulary.put("</", 256).put("s>", 257).put("</s>", 258);
        model.put("unk_token", "</s>");
        ArrayNode merges = model.putArray("merges");
        merges.addArray().add("<").add("/");
        merges.addArray().add("s").add(">");
        merges.addArray().add("</").add("s>");
        added(root, 258, "</s>", true);
        added(root, 259, "<x>", false);
        put("tokenizer.json", root.toString());

        assertThat(tokens("a</s>b<x>", Dataset.SpecialTokens.TEXT))
                .containsExactly(
                        vocabulary.get("a").asInt(),
                        256,
                        257,
                        vocabulary.get("b").asInt(),
                        259,
                        258);
        assertThat(tokens("a</s>b<x>", Dataset.SpecialTokens.PARSE))
                .containsExactly(
                        vocabulary.get("a").asInt(), 258, vocabulary.get("b").asInt(), 259, 258);
    }

    private static int[] added(int[] tokens) {
        return Arrays.stream(tokens).filter(token -> token >= FIRST_ADDED).toArray();
    }

    /// Tokens of the one document.
    private int[] tokens(String text, Dataset.SpecialTokens specialTokens) throws IOException {
        Files.writeString(corpus.resolve("a.txt"), text);
        Documents documents =
                TokenDataset.open(
                                store,
                                prepare(specialTokens).manifestKey(),
                                folder.resolve("cache"))
                        .training(null);
        assertThat(documents.count()).isEqualTo(1);
        int[] tokens = new int[documents.length(0)];
        documents.copy(0, 0, tokens.length, tokens, 0);
        return tokens;
    }

    private Prepared prepare(Dataset.SpecialTokens specialTokens) {
        Dataset dataset =
                new Dataset(
                        List.of(
                                new Dataset.Source(
                                        "file:" + corpus, null, "text", Dataset.Format.AUTO)),
                        new Dataset.Quality(Dataset.Scorer.NONE, 1),
                        Dataset.Order.SHUFFLED,
                        0,
                        specialTokens);
        return new DatasetPreparation(
                        store,
                        new Sources(
                                new FileRoots(List.of(corpus)),
                                new SourceBuckets(List.of(), bucket -> store)),
                        folder.resolve("scratch"),
                        1)
                .prepare(new Request("d", dataset, PREFIX + "tokenizer.json", 320), Progress.NONE);
    }

    private void put(String name, String text) {
        store.put(PREFIX + name, text.getBytes(StandardCharsets.UTF_8));
    }

    /// @param tokens added after the bytes; one that begins with `+` is not special
    private void tokenizer(String... tokens) throws IOException {
        ObjectNode root = bytes();
        for (int at = 0; at < tokens.length; at++) {
            boolean special = !tokens[at].startsWith("+");
            added(root, FIRST_ADDED + at, special ? tokens[at] : tokens[at].substring(1), special);
        }
        put("tokenizer.json", root.toString());
    }

    private static void added(ObjectNode root, int id, String content, boolean special) {
        ((ArrayNode) root.get("added_tokens"))
                .addObject()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    /// The tokenizer of bytes without its added token, and with pieces of any characters.
    private static ObjectNode bytes() throws IOException {
        try (var in =
                Objects.requireNonNull(
                        EndOfDocumentTest.class.getResourceAsStream("/bytes-tokenizer.json"))) {
            ObjectNode root = (ObjectNode) Json.mapper().readTree(in);
            root.putArray("added_tokens");
            ((ObjectNode) root.get("pre_tokenizer")).put("use_regex", false);
            return root;
        }
    }
}
