package dev.tanren.activities.dataset.internal;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.Sha256;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/// The token ids of ready token files, one after the other.
public final class TokenStream {

    private final List<SourceFile> files;

    /// @throws TanrenException `SOURCE_UNREADABLE` where a file's size is no multiple of its
    ///     tokens' size
    public TokenStream(List<SourceFile> files) {
        this.files = files;
        for (SourceFile file : files) {
            int width = width(file);
            if (file.bytes() % width != 0) {
                throw new TanrenException(
                        ErrorCode.SOURCE_UNREADABLE,
                        "its "
                                + file.bytes()
                                + " bytes are no whole number of tokens of "
                                + width
                                + " bytes",
                        file.where(),
                        "Mend the file, or the format that the plan gives for it.");
            }
        }
    }

    private static int width(SourceFile file) {
        return file.format() == Dataset.Format.TOKENS_U16 ? 2 : 4;
    }

    public long tokens() {
        return files.stream().mapToLong(TokenStream::tokens).sum();
    }

    static long tokens(SourceFile file) {
        return file.bytes() / width(file);
    }

    /// Largest id plus one.
    ///
    /// @throws TanrenException `TOKENIZER_MISMATCH` naming file and place of an id that is not
    ///     below `limit`
    public int vocabSize(int limit) {
        int[] largest = {-1};
        read(
                1 << 16,
                (tokens, length, file, first) -> {
                    for (int at = 0; at < length; at++) {
                        if (tokens[at] < 0 || tokens[at] >= limit) {
                            throw new TanrenException(
                                    ErrorCode.TOKENIZER_MISMATCH,
                                    "token "
                                            + (first + at)
                                            + " is "
                                            + Integer.toUnsignedString(tokens[at])
                                            + "; the model's ids end at "
                                            + (limit - 1),
                                    file.where(),
                                    "Use the model whose tokenizer made the file, or mend the"
                                            + " format that the plan gives for it.");
                        }
                        largest[0] = Math.max(largest[0], tokens[at]);
                    }
                });
        return largest[0] + 1;
    }

    /// Gives all tokens in chunks; each is of one file.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE` where the bytes are not those that were hashed
    ///     before
    public void read(int chunkTokens, Sink sink) {
        for (SourceFile file : files) {
            int width = width(file);
            byte[] bytes = new byte[chunkTokens * width];
            int[] tokens = new int[chunkTokens];
            long first = 0;
            Sha256 hash = new Sha256();
            try (InputStream in =
                    hash.over(new BufferedInputStream(file.content().open(), 1 << 18))) {
                for (int read = in.readNBytes(bytes, 0, bytes.length);
                        read >= width;
                        read = in.readNBytes(bytes, 0, bytes.length)) {
                    int length = read / width;
                    for (int at = 0; at < length; at++) {
                        tokens[at] = token(bytes, at * width, width);
                    }
                    sink.take(tokens, length, file, first);
                    first += length;
                }
            } catch (IOException e) {
                throw file.content().unreadable(e);
            }
            if (first * width != file.bytes() || !hash.hex().equals(file.sha256())) {
                throw file.content().changed();
            }
        }
    }

    private static int token(byte[] bytes, int at, int width) {
        int low = (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8;
        return width == 2 ? low : low | (bytes[at + 2] & 0xff) << 16 | bytes[at + 3] << 24;
    }

    /// Takes a chunk of tokens.
    @FunctionalInterface
    public interface Sink {
        /// @param first index in the file of the chunk's first token
        void take(int[] tokens, int length, SourceFile file, long first);
    }
}
