package dev.tanren.trainer.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import dev.tanren.trainer.model.HuggingFaceWeights;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.tools.NativeRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The likeliest tokens compared with those of transformers' `generate`, by
/// `tools/fixtures/generation.py`.
class GreedyParityTest {

    /// @param tokens what transformers adds
    record Expected(String model, List<Integer> prompt, List<Integer> tokens) {}

    static List<Expected> expected() throws IOException {
        JsonNode cases = Resources.json("/generation/greedy.json");
        return StreamSupport.stream(cases.spliterator(), false)
                .map(
                        one ->
                                new Expected(
                                        one.path("model").textValue(),
                                        ids(one.path("prompt")),
                                        ids(one.path("tokens"))))
                .toList();
    }

    private static List<Integer> ids(JsonNode ids) {
        return StreamSupport.stream(ids.spliterator(), false).map(JsonNode::intValue).toList();
    }

    @BeforeEach
    void loadNatives() {
        NativeRuntime.configure(2);
    }

    @ParameterizedTest
    @MethodSource("expected")
    void theLikeliestTokensAreThoseOfTransformers(Expected expected) {
        Generation.Result result =
                generate(expected, Set.of(), expected.tokens().size(), token -> false);
        assertThat(result.tokens()).isEqualTo(expected.tokens());
        assertThat(result.end()).isEqualTo(Generation.End.NEW_TOKENS);
        assertThat(result.tokensPerSecond()).isPositive();
    }

    @ParameterizedTest
    @MethodSource("expected")
    void anEndTokenIsTheLastOneAndTheReaderIsNotToldOfIt(Expected expected) {
        int end = expected.tokens().getLast();
        int first = expected.tokens().indexOf(end);
        List<Integer> told = new ArrayList<>();
        Generation.Result result =
                generate(
                        expected,
                        Set.of(end),
                        30,
                        token -> {
                            told.add(token);
                            return false;
                        });
        assertThat(result.tokens()).isEqualTo(expected.tokens().subList(0, first + 1));
        assertThat(told).isEqualTo(expected.tokens().subList(0, first));
        assertThat(result.end()).isEqualTo(Generation.End.END_TOKEN);
    }

    @Test
    void itEndsWhenTheReaderHasEnoughAndAtTheModelsLastPosition() throws IOException {
        Expected learned = expected().getFirst();
        Generation.Result stopped = generate(learned, Set.of(), 30, token -> true);
        assertThat(stopped.tokens()).isEqualTo(learned.tokens().subList(0, 1));
        assertThat(stopped.end()).isEqualTo(Generation.End.STOP_TEXT);
        assertThat(stopped.tokensPerSecond()).isNull();

        Generation.Result whole = generate(learned, Set.of(), 1000, token -> false);
        assertThat(whole.tokens()).hasSize(40 - learned.prompt().size());
        assertThat(whole.end()).isEqualTo(Generation.End.POSITIONS);
    }

    private static Generation.Result generate(
            Expected expected, Set<Integer> ends, int newTokens, IntPredicate reader) {
        Path folder = Resources.path("/" + expected.model());
        Generation generation = new Generation(expected.prompt(), newTokens, ends, Sampling.GREEDY);
        try (Decoder decoder =
                        Decoders.create(
                                HuggingFaceDirectory.open(folder).configuration().architecture());
                FlatBuffer weights = FlatBuffer.allocate(decoder.layout())) {
            HuggingFaceWeights.load(folder, decoder.layout(), weights);
            decoder.parameters().useWeights(weights);
            return generation.run(decoder, reader);
        }
    }
}
