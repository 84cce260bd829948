package dev.tanren.trainer.model;

/// What one forward and backward pass sees: `sequences` rows of `sequenceLength` tokens.
///
/// All arrays are row-major `[sequences · sequenceLength]` and are not copied.
///
/// @param tokens token ids
/// @param targets the token to predict at each place, or [#IGNORED]
/// @param positions the place inside the document, from 0; for rotary embeddings
/// @param documents number of the document inside its row, rising along the row; attention never
///     crosses it; [#PADDING] for padding, which ends a row
@SuppressWarnings("ArrayRecordComponent") // large, short-lived and compared by nobody
public record MicroBatch(
        int sequences,
        int sequenceLength,
        int[] tokens,
        int[] targets,
        int[] positions,
        int[] documents) {

    /// The target of a place whose prediction does not count.
    public static final int IGNORED = -100;

    /// The document of a padding token.
    public static final int PADDING = -1;

    public MicroBatch {
        long places = (long) sequences * sequenceLength;
        if (sequences < 1 || sequenceLength < 1 || places > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a micro-batch of " + sequences + " × " + sequenceLength + " tokens");
        }
        if (tokens.length != places
                || targets.length != places
                || positions.length != places
                || documents.length != places) {
            throw new IllegalArgumentException(
                    "all arrays of a micro-batch have " + places + " elements");
        }
    }

    /// Rows that are one document each, predicting the next token: the last place of a row is
    /// ignored.
    public static MicroBatch ofRows(int[][] rows) {
        int length = rows[0].length;
        int places = rows.length * length;
        int[] tokens = new int[places];
        int[] targets = new int[places];
        int[] positions = new int[places];
        for (int row = 0; row < rows.length; row++) {
            for (int t = 0; t < length; t++) {
                int place = row * length + t;
                tokens[place] = rows[row][t];
                targets[place] = t + 1 < length ? rows[row][t + 1] : IGNORED;
                positions[place] = t;
            }
        }
        return new MicroBatch(rows.length, length, tokens, targets, positions, new int[places]);
    }

    /// One row without targets whose first token stands at the position `from` of its document.
    public static MicroBatch continuing(int[] tokens, int from) {
        int[] targets = new int[tokens.length];
        int[] positions = new int[tokens.length];
        for (int t = 0; t < tokens.length; t++) {
            targets[t] = IGNORED;
            positions[t] = from + t;
        }
        return new MicroBatch(1, tokens.length, tokens, targets, positions, new int[tokens.length]);
    }

    /// How many places there are, padding included.
    public int places() {
        return tokens.length;
    }

    /// How many places have a target that counts.
    public long countedTargets() {
        long counted = 0;
        for (int target : targets) {
            if (target != IGNORED) {
                counted++;
            }
        }
        return counted;
    }
}
