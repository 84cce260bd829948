package dev.tanren.trainer.generate;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderGeneration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Goes on from a prompt with a decoder: the prompt is run once, then one token a step, with a
/// cache of keys and values that has room for both.
///
/// @param prompt token ids
/// @param newTokens how many tokens are made at most, at least 1; fewer where the model's positions
///     end before
/// @param endTokens tokens that end a text, from the model's own files
/// @param sampling how a token is chosen
public record Generation(
        List<Integer> prompt, int newTokens, Set<Integer> endTokens, Sampling sampling) {

    public Generation {
        prompt = List.copyOf(prompt);
        endTokens = Set.copyOf(endTokens);
        if (newTokens < 1) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    newTokens + " new tokens are asked for",
                    "--max-new-tokens",
                    "Give 1 or more.");
        }
    }

    /// Why a text ended.
    public enum End {
        /// With one of the end tokens.
        END_TOKEN,
        /// With a stop text.
        STOP_TEXT,
        /// With the last of the tokens that were asked for.
        NEW_TOKENS,
        /// With the last of the model's positions.
        POSITIONS
    }

    /// What was made.
    ///
    /// @param tokens the new ids, with the end token where there was one
    /// @param secondsToFirstToken from the beginning of the prompt's pass
    /// @param tokensPerSecond of the tokens after the first; null where there was only one
    public record Result(
            List<Integer> tokens,
            End end,
            double secondsToFirstToken,
            @Nullable Double tokensPerSecond) {

        public Result {
            tokens = List.copyOf(tokens);
        }
    }

    /// Checks the prompt against the model, which needs no weights.
    ///
    /// @throws TanrenException `USAGE` when it is empty or leaves no position for a new token,
    ///     `TOKENIZER_MISMATCH` when it has a token that the model does not know
    public void requireFit(Architecture architecture) {
        if (prompt.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.USAGE, "the prompt has no token", "--prompt", "Give some text.");
        }
        int positions = architecture.maximumPositions();
        if (prompt.size() >= positions) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the prompt has "
                            + prompt.size()
                            + " tokens, and the model "
                            + positions
                            + " positions (max_position_embeddings) for prompt and text",
                    "--prompt",
                    "Give a shorter one.");
        }
        for (int token : prompt) {
            if (token < 0 || token >= architecture.vocabSize()) {
                throw new TanrenException(
                        ErrorCode.TOKENIZER_MISMATCH,
                        "the tokenizer gives the token "
                                + token
                                + ", the model's vocabulary has "
                                + architecture.vocabSize(),
                        "tokenizer.json",
                        "Put the model's own `tokenizer.json` beside its weights.");
            }
        }
    }

    /// Makes the tokens.
    ///
    /// @param reader is told of each new token but an end token, and says whether to stop after it
    /// @throws TanrenException what [#requireFit] throws; `MODEL_NOT_FINITE` when the model's
    ///     logits are no numbers
    public Result run(Decoder decoder, IntPredicate reader) {
        requireFit(decoder.architecture());
        int room = decoder.architecture().maximumPositions() - prompt.size();
        int most = Math.min(newTokens, room);
        Sampler sampler = new Sampler(sampling);
        List<Integer> made = new ArrayList<>();
        End end = newTokens <= room ? End.NEW_TOKENS : End.POSITIONS;
        long begin = System.nanoTime();
        long first = begin;
        DecoderGeneration generation = new DecoderGeneration(decoder);
        try (KeyValueCache cache = generation.newCache(prompt.size() + most)) {
            int[] next = prompt.stream().mapToInt(Integer::intValue).toArray();
            while (made.size() < most) {
                int token = sampler.choose(finite(generation.nextLogits(next, cache)));
                made.add(token);
                first = made.size() == 1 ? System.nanoTime() : first;
                if (endTokens.contains(token)) {
                    end = End.END_TOKEN;
                    break;
                }
                if (reader.test(token)) {
                    end = End.STOP_TEXT;
                    break;
                }
                next = new int[] {token};
            }
        }
        double rest = (System.nanoTime() - first) / 1e9;
        return new Result(
                made,
                end,
                (first - begin) / 1e9,
                made.size() > 1 ? (made.size() - 1) / rest : null);
    }

    private static float[] finite(float[] logits) {
        float sum = 0;
        for (float logit : logits) {
            // Whatever is not finite makes this no number: 0 · ∞ and 0 · NaN are none.
            sum += 0 * logit;
        }
        if (Float.isNaN(sum)) {
            throw new TanrenException(
                    ErrorCode.MODEL_NOT_FINITE,
                    "the model's logits are not all numbers",
                    "logits",
                    "Train or fetch the model again.");
        }
        return logits;
    }
}
