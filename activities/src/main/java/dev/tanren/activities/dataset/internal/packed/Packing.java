package dev.tanren.activities.dataset.internal.packed;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How a file is packed. Its first bytes decide, whatever its name ends in.
public enum Packing {
    NONE,
    GZIP,
    ZSTD;

    /// How many first bytes tell the packing.
    public static final int HEAD_BYTES = 512;

    private static final int TAR_MAGIC_AT = 257;

    /// Kinds that are told by their first bytes and not read.
    private static final List<Foreign> FOREIGN =
            List.of(
                    new Foreign("bzip2", hex("425a6839314159265359")),
                    new Foreign("xz", hex("fd377a585a00")),
                    new Foreign("lz4", hex("04224d18")),
                    new Foreign("zip", hex("504b0304")),
                    new Foreign("zip", hex("504b0506")),
                    new Foreign("7z", hex("377abcaf271c")),
                    new Foreign("compress (.Z)", hex("1f9d")),
                    new Foreign("snappy", hex("ff060000734e61507059")),
                    new Foreign("rar", hex("526172211a07")),
                    // The magic number alone may begin a text; a page header follows it.
                    new Foreign("parquet", hex("5041523115")),
                    new Foreign("Arrow", hex("4152524f57310000")),
                    new Foreign("Avro", hex("4f626a01")),
                    new Foreign("PDF", ascii("%PDF-")));

    /// @param head the first [#HEAD_BYTES] of a file, or all of a shorter one
    public static Packing of(byte[] head) {
        if (begins(head, hex("1f8b"))) {
            return GZIP;
        }
        return begins(head, hex("28b52ffd")) || skippable(head) ? ZSTD : NONE;
    }

    /// The packing where the first bytes are a whole header of it, for files whose bytes may be
    /// anything: the two of gzip's magic number alone begin other files too.
    ///
    /// @param head as of [#of(byte\[\])]
    public static Packing byHeader(byte[] head) {
        Packing packing = of(head);
        return packing == GZIP && !GzipMembers.header(head) ? NONE : packing;
    }

    /// A file's content, unpacked.
    ///
    /// @param name of the file, whose ending must not promise a packing that its bytes do not show
    /// @throws PackedException also from the stream, where the file is damaged, or packed in a way
    ///     that is not read
    public static InputStream unpacked(InputStream file, String name) throws IOException {
        InputStream packed = marked(file);
        byte[] head = head(packed);
        Packing packing = of(head);
        requireReadable(head);
        if (packing == NONE) {
            requireHonest(name, head);
            return packed;
        }
        InputStream content =
                marked(packing == GZIP ? new GzipMembers(packed) : new ZstdFrames(packed));
        byte[] inner = head(content);
        if (of(inner) != NONE) {
            throw new PackedException("the file is packed twice", "Unpack it once.");
        }
        requireReadable(inner);
        return content;
    }

    /// Whether a name's ending says that the file is packed.
    public static boolean promisedBy(String name) {
        return !stem(name).equals(name);
    }

    /// A file's name without the ending of its packing.
    public static String stem(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (String ending : List.of(".gz", ".gzip", ".zst", ".zstd")) {
            if (lower.endsWith(ending)) {
                return name.substring(0, name.length() - ending.length());
            }
        }
        return name;
    }

    private static void requireHonest(String name, byte[] head) throws PackedException {
        if (promisedBy(name) && head.length > 0) {
            throw PackedException.damaged(
                    "its name says that it is packed, and it does not begin as a gzip or zstd file"
                            + " does but with the bytes "
                            + HexFormat.ofDelimiter(" ")
                                    .formatHex(head, 0, Math.min(4, head.length)));
        }
        if (promisedBy(name)) {
            throw PackedException.damaged("its name says that it is packed, and it is empty");
        }
    }

    private static void requireReadable(byte[] head) throws PackedException {
        Optional<String> kind =
                FOREIGN.stream()
                        .filter(foreign -> begins(head, foreign.magic()))
                        .map(Foreign::name)
                        .findFirst();
        if (kind.isEmpty() && begins(tail(head, TAR_MAGIC_AT), ascii("ustar"))) {
            kind = Optional.of("tar");
        }
        if (kind.isPresent()) {
            throw new PackedException(
                    "the file is packed as " + kind.get() + ", which is not read",
                    "Unpack or convert it: text files and JSON lines are read, plain or packed by"
                            + " gzip or zstd.");
        }
    }

    static boolean skippable(byte[] head) {
        return head.length >= 4 && (head[0] & 0xf0) == 0x50 && begins(tail(head, 1), hex("2a4d18"));
    }

    private static InputStream marked(InputStream in) {
        return in.markSupported() ? in : new BufferedInputStream(in, 1 << 16);
    }

    private static byte[] head(InputStream in) throws IOException {
        in.mark(HEAD_BYTES);
        byte[] head = in.readNBytes(HEAD_BYTES);
        in.reset();
        return head;
    }

    private static byte[] tail(byte[] bytes, int from) {
        return Arrays.copyOfRange(bytes, Math.min(from, bytes.length), bytes.length);
    }

    private static boolean begins(byte[] head, byte[] magic) {
        return head.length >= magic.length
                && Arrays.equals(head, 0, magic.length, magic, 0, magic.length);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    // An array on purpose: it is compared byte by byte and never leaves this class.
    @SuppressWarnings("ArrayRecordComponent")
    private record Foreign(String name, byte[] magic) {}
}
