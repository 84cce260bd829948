package dev.tanren.activities.dataset.internal.text;

import dev.tanren.storage.objects.Sha256;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// The text of a document that may be too long for memory: UTF-8 in a scratch file.
///
/// @param sha256 of the text's UTF-8 bytes, hexadecimal
/// @param blank whether it holds white space alone
public record LongText(Path file, String sha256, boolean blank) {

    /// Reads it from the beginning.
    public Reader open() throws IOException {
        return new Utf8Reader(new BufferedInputStream(Files.newInputStream(file)));
    }

    /// The first characters of it.
    public String beginning(int characters) {
        char[] first = new char[characters];
        int length = 0;
        try (Reader in = open()) {
            for (int read = in.read(first, 0, characters);
                    read > 0;
                    read = in.read(first, length, characters - length)) {
                length += read;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        boolean split = length > 0 && Character.isHighSurrogate(first[length - 1]);
        return new String(first, 0, split ? length - 1 : length);
    }

    public void remove() {
        SpoolFile.remove(file);
    }

    /// Makes a text of what is written to it. Half a surrogate pair, which JSON escapes can spell
    /// and no tokenizer takes, becomes U+FFFD.
    public static final class Builder extends Writer {

        private final Path file;
        private final Sha256 hash = new Sha256();
        private final Writer encoded;
        private boolean blank = true;

        public Builder(Path file) {
            this.file = file;
            SpoolFile spool = new SpoolFile(file);
            OutputStream hashed =
                    new OutputStream() {
                        @Override
                        public void write(int one) {
                            write(new byte[] {(byte) one}, 0, 1);
                        }

                        @Override
                        public void write(byte[] bytes, int offset, int length) {
                            hash.update(bytes, offset, length);
                            spool.write(bytes, offset, length);
                        }

                        @Override
                        public void close() {
                            spool.close();
                        }
                    };
            this.encoded = new OutputStreamWriter(hashed, encoder());
        }

        private static CharsetEncoder encoder() {
            return StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .replaceWith("\uFFFD".getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void write(char[] characters, int offset, int length) throws IOException {
            for (int at = offset; blank && at < offset + length; at++) {
                blank = Character.isWhitespace(characters[at]);
            }
            encoded.write(characters, offset, length);
        }

        public LongText finish() throws IOException {
            encoded.close();
            return new LongText(file, hash.hex(), blank);
        }

        @Override
        public void flush() throws IOException {
            encoded.flush();
        }

        @Override
        public void close() throws IOException {
            encoded.close();
        }
    }

    /// All of a stream of UTF-8 as a text.
    public static LongText of(InputStream utf8, Path file) throws IOException {
        try (Builder builder = new Builder(file)) {
            new Utf8Reader(utf8).transferTo(builder);
            return builder.finish();
        }
    }
}
