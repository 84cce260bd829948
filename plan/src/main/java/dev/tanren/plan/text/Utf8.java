package dev.tanren.plan.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// Bytes that must be UTF-8: decoded as they are, or refused with the place. Nothing is ever
/// replaced by U+FFFD.
public final class Utf8 {

    private Utf8() {}

    /// Decodes all of a document's bytes. A byte order mark at the start is framing and left out.
    ///
    /// @throws NotUtf8Exception naming the first bad byte
    public static String document(byte[] bytes) {
        int from = markBytes(bytes);
        return decode(bytes, from, bytes.length - from);
    }

    /// Decodes bytes in which a mark is content like any other character.
    ///
    /// @throws NotUtf8Exception naming the first bad byte
    public static String decode(byte[] bytes, int offset, int length) {
        refuseOtherMarks(bytes);
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        CharBuffer out = CharBuffer.allocate(length);
        CharsetDecoder decoder = decoder();
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw malformed(bytes, offset, in.position());
        }
        decoder.flush(out);
        return out.flip().toString();
    }

    /// A decoder that reports what is malformed.
    public static CharsetDecoder decoder() {
        return StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    /// How many first bytes are a byte order mark of UTF-8: 0 or 3.
    public static int markBytes(byte[] head) {
        return head.length >= 3
                        && head[0] == (byte) 0xef
                        && head[1] == (byte) 0xbb
                        && head[2] == (byte) 0xbf
                ? 3
                : 0;
    }

    /// @param head the first four bytes of a file, or all of a shorter one, or more
    /// @throws NotUtf8Exception where they begin with the byte order mark of UTF-16 or UTF-32
    public static void refuseOtherMarks(byte[] head) {
        int first = unit(head, 0);
        int second = unit(head, 2);
        String encoding =
                first == 0xfffe && second == 0
                        ? "UTF-32"
                        : first == 0 && second == 0xfeff
                                ? "UTF-32"
                                : first == 0xfffe || first == 0xfeff ? "UTF-16" : "";
        if (!encoding.isEmpty()) {
            throw new NotUtf8Exception(
                    1,
                    1,
                    "it begins with the byte order mark of " + encoding,
                    "Convert it: iconv -f " + encoding + " -t UTF-8.");
        }
    }

    /// The encoding of text that is UTF-16 or UTF-32 without a byte order mark, as far as its first
    /// bytes tell: at least every fourth byte is NUL, and more than one. A text of ASCII in these
    /// is valid UTF-8 too, full of NULs.
    ///
    /// @param head the first bytes of a file; more of them tell more surely
    /// @return as `iconv` names it, empty for all other bytes
    public static Optional<String> wideWithoutMark(byte[] head) {
        int[] nuls = new int[4];
        for (int at = 0; at < head.length; at++) {
            nuls[at % 4] += head[at] == 0 ? 1 : 0;
        }
        int all = nuls[0] + nuls[1] + nuls[2] + nuls[3];
        if (all < 2 || 4L * all < head.length) {
            return Optional.empty();
        }
        int[] pairs = {nuls[2] + nuls[3], nuls[0] + nuls[1], nuls[1] + nuls[3], nuls[0] + nuls[2]};
        int most = 0;
        for (int pair = 1; pair < pairs.length; pair++) {
            most = pairs[pair] > pairs[most] ? pair : most;
        }
        return Optional.of(List.of("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE").get(most));
    }

    /// @param head the first bytes of a file
    /// @throws NotUtf8Exception where they are [#wideWithoutMark(byte[])]
    public static void refuseWideWithoutMark(byte[] head) {
        wideWithoutMark(head)
                .ifPresent(
                        encoding -> {
                            throw new NotUtf8Exception(
                                    1,
                                    1,
                                    "it is full of NUL bytes, as "
                                            + encoding
                                            + " without a byte order mark is",
                                    "Convert it: iconv -f " + encoding + " -t UTF-8.");
                        });
    }

    private static int unit(byte[] head, int at) {
        return head.length < at + 2 ? -1 : (head[at] & 0xff) << 8 | (head[at + 1] & 0xff);
    }

    private static NotUtf8Exception malformed(byte[] bytes, int offset, int at) {
        int line = 1;
        int lineStart = offset;
        for (int index = offset; index < at; index++) {
            if (bytes[index] == '\n') {
                line++;
                lineStart = index + 1;
            }
        }
        int column =
                1 + new String(bytes, lineStart, at - lineStart, StandardCharsets.UTF_8).length();
        return malformed(line, column, bytes[at]);
    }

    /// The error of a byte that is no UTF-8 where it stands.
    ///
    /// @param line from 1
    /// @param column from 1, in UTF-16 units
    public static NotUtf8Exception malformed(int line, int column, byte found) {
        return new NotUtf8Exception(
                line,
                column,
                "the byte 0x" + HexFormat.of().withUpperCase().toHexDigits(found) + " is no UTF-8",
                "Save it as UTF-8; from Latin-1: iconv -f LATIN1 -t UTF-8.");
    }
}
