package dev.tanren.trainer.generate;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// The text of tokens as they come, given on as soon as it cannot change any more.
///
/// A character whose bytes are spread over several tokens waits for its last one, and text that may
/// be the beginning of a stop text waits until it is known whether it is. Tokens are decoded
/// together with the ones before them, because many tokenizers treat the first token of a text in
/// another way.
public final class TextStream {

    /// What decoders write for bytes that are no whole character.
    private static final char INCOMPLETE = '\uFFFD';

    private final HuggingFaceTokenizer tokenizer;
    private final List<String> stops;
    private final Consumer<String> reader;
    private final StringBuilder text = new StringBuilder();
    private long[] tokens;
    private int context;
    private int decoded;
    private int given;
    private boolean stopped;

    /// @param prompt the tokens before the text
    /// @param stops texts before which the text ends; none of them empty
    /// @param reader is given the text piece by piece
    public TextStream(
            HuggingFaceTokenizer tokenizer,
            List<Integer> prompt,
            List<String> stops,
            Consumer<String> reader) {
        this.tokenizer = tokenizer;
        this.stops = List.copyOf(stops);
        this.reader = reader;
        tokens = prompt.stream().mapToLong(Integer::longValue).toArray();
        decoded = tokens.length;
    }

    /// @return whether the text has come to a stop text, and so takes no more tokens
    public boolean add(int token) {
        tokens = Arrays.copyOf(tokens, tokens.length + 1);
        tokens[tokens.length - 1] = token;
        String piece = piece();
        if (piece.isEmpty() || piece.charAt(piece.length() - 1) == INCOMPLETE) {
            return false;
        }
        take(piece);
        return stopped;
    }

    /// Gives on what is left, be it incomplete. No token follows.
    public void finish() {
        if (!stopped) {
            take(piece());
        }
        if (!stopped) {
            giveUpTo(text.length());
        }
    }

    /// What has been made so far without stop texts; all of it after [#finish].
    public String text() {
        return text.substring(0, given);
    }

    /// What the tokens that are not decoded yet add to the text.
    private String piece() {
        String before = decode(context, decoded);
        String all = decode(context, tokens.length);
        return all.length() > before.length() ? all.substring(before.length()) : "";
    }

    private String decode(int from, int to) {
        return from == to ? "" : tokenizer.decode(Arrays.copyOfRange(tokens, from, to), true);
    }

    private void take(String piece) {
        context = decoded;
        decoded = tokens.length;
        text.append(piece);
        int end = firstStop();
        stopped = end >= 0;
        giveUpTo(stopped ? end : text.length() - heldBack());
    }

    private void giveUpTo(int end) {
        if (end > given) {
            String part = text.substring(given, end);
            given = end;
            reader.accept(part);
        }
    }

    private int firstStop() {
        return stops.stream()
                .mapToInt(stop -> text.indexOf(stop, given))
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
    }

    /// The length of the longest end of the text that a stop text may begin with.
    private int heldBack() {
        int held = 0;
        for (String stop : stops) {
            for (int count = Math.min(stop.length() - 1, text.length() - given);
                    count > held;
                    count--) {
                if (text.substring(text.length() - count).equals(stop.substring(0, count))) {
                    held = count;
                }
            }
        }
        return held;
    }
}
