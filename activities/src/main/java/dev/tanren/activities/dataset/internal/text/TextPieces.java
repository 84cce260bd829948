package dev.tanren.activities.dataset.internal.text;

import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;
import java.util.Optional;

/// A text in pieces that a tokenizer may be given one after the other. A space between two of them
/// is in neither where the tokenizer puts in its mark itself.
///
/// A piece is as long as the next cut allows; a stretch without a cut that is longer than the most
/// is refused, because a tokenizer's memory grows with what it is given at once (about 200 bytes a
/// byte).
public final class TextPieces {

    /// Characters after which a cut is looked for.
    public static final int ORDINARY = 1 << 18;

    /// Characters that a tokenizer is given at once at most.
    public static final int LONGEST = 1 << 22;

    private final Reader text;
    private final TextCuts cuts;
    private final int most;
    private char[] buffer;
    private int length;
    private boolean ended;

    public TextPieces(Reader text, TextCuts cuts) {
        this(text, cuts, ORDINARY, LONGEST);
    }

    TextPieces(Reader text, TextCuts cuts, int ordinary, int most) {
        this.text = text;
        this.cuts = cuts;
        this.most = most;
        this.buffer = new char[ordinary];
    }

    /// The next piece; empty at the end.
    ///
    /// @throws NoCutException where the text cannot be cut for longer than the most
    public Optional<String> next() throws IOException {
        int searched = 0;
        while (true) {
            fill();
            if (ended) {
                return length == 0 ? Optional.empty() : Optional.of(take(length, 0));
            }
            int cut = cuts.last(buffer, length, searched);
            if (cut > 0) {
                return Optional.of(take(cut, cuts.leftOut()));
            }
            if (length == most) {
                throw new NoCutException(most);
            }
            searched = Math.max(0, length - cuts.lookahead());
            buffer = Arrays.copyOf(buffer, Math.min(most, 2 * buffer.length));
        }
    }

    private void fill() throws IOException {
        while (length < buffer.length && !ended) {
            int read = text.read(buffer, length, buffer.length - length);
            ended = read < 0;
            length += Math.max(0, read);
        }
    }

    private String take(int count, int leftOut) {
        String piece = new String(buffer, 0, count);
        int taken = count + leftOut;
        System.arraycopy(buffer, taken, buffer, 0, length - taken);
        length -= taken;
        return piece;
    }

    /// A text has a stretch without a place to cut it that is longer than the most.
    public static final class NoCutException extends IOException {

        private static final long serialVersionUID = 1L;

        private final int most;

        NoCutException(int most) {
            super("no cut within " + most + " characters");
            this.most = most;
        }

        public int most() {
            return most;
        }
    }
}
