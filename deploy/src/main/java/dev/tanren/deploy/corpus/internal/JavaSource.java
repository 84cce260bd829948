package dev.tanren.deploy.corpus.internal;

import java.util.ArrayList;
import java.util.List;

/// A Java file taken apart: its code without licence header and documentation comments, and the
/// documentation comments by themselves.
///
/// Documentation comments leave the code because they are the corpus's prose: prose held out for
/// evaluation must not be met again in the code that is trained on.
///
/// @param comments the text between `/**` and `*/`, in order
public record JavaSource(String code, List<String> comments) {

    public JavaSource {
        comments = List.copyOf(comments);
    }

    /// Takes a file apart; strings, text blocks and characters that look like comments stay.
    public static JavaSource of(String source) {
        return new Scanner(source.replace("\r\n", "\n")).scan();
    }

    private static final class Scanner {
        private final String source;
        private final StringBuilder code = new StringBuilder();
        private final List<String> comments = new ArrayList<>();
        private int at;

        private Scanner(String source) {
            this.source = source;
        }

        private JavaSource scan() {
            while (at < source.length()) {
                if (source.startsWith("/*", at)) {
                    blockComment();
                } else if (source.startsWith("//", at)) {
                    copyTo(orEnd(source.indexOf('\n', at)));
                } else if (source.startsWith("\"\"\"", at)) {
                    copyTo(quoteEnd("\"\"\""));
                } else if (source.charAt(at) == '"') {
                    copyTo(quoteEnd("\""));
                } else if (source.charAt(at) == '\'') {
                    copyTo(quoteEnd("'"));
                } else {
                    copyTo(at + 1);
                }
            }
            String text = code.toString().replaceAll("[ \\t]+\n", "\n");
            return new JavaSource(text.replaceAll("\n{3,}", "\n\n").strip() + "\n", comments);
        }

        private void blockComment() {
            int close = source.indexOf("*/", at + 2);
            int end = close < 0 ? source.length() : close + 2;
            boolean documentation = source.startsWith("/**", at) && end - at > 4;
            boolean header = code.toString().isBlank();
            if (!documentation && !header) {
                copyTo(end);
                return;
            }
            if (documentation && close >= 0) {
                comments.add(source.substring(at + 3, close));
            }
            at = end;
            dropEmptyLine();
        }

        /// Takes the indentation before a dropped comment and the line's end after it along.
        private void dropEmptyLine() {
            int indent = code.length();
            while (indent > 0
                    && (code.charAt(indent - 1) == ' ' || code.charAt(indent - 1) == '\t')) {
                indent--;
            }
            boolean ownLine = indent == 0 || code.charAt(indent - 1) == '\n';
            if (ownLine && at < source.length() && source.charAt(at) == '\n') {
                code.setLength(indent);
                at++;
            }
        }

        private int quoteEnd(String quote) {
            for (int end = at + quote.length(); end < source.length(); end++) {
                if (source.charAt(end) == '\\') {
                    end++;
                } else if (source.startsWith(quote, end)) {
                    return end + quote.length();
                }
            }
            return source.length();
        }

        private int orEnd(int index) {
            return index < 0 ? source.length() : index;
        }

        private void copyTo(int end) {
            code.append(source, at, end);
            at = end;
        }
    }
}
