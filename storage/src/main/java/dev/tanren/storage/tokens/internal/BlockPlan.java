package dev.tanren.storage.tokens.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tanren.storage.objects.Sha256;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HexFormat;

/// Which parts of which documents lie in which block, in memory outside the Java heap: a file that
/// is mapped, or memory of the process.
///
/// It is little-endian: a header of 64 bytes (`int32` magic, version, tokens of a block, blocks,
/// pieces, 12 bytes of zeros, 32 bytes that name what the plan was made from), the index of the
/// first piece of each block and the number of all pieces (`int32` each), the pieces (`int32`
/// document, first token inside it, length, whose highest bit says that the next piece goes on
/// where this one ends), and the SHA-256 of all that.
public final class BlockPlan {

    static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// `TNRB`.
    private static final int MAGIC = 0x42524e54;

    private static final int VERSION = 1;
    private static final int BLOCKS_AT = 12;
    private static final int PIECES_AT = 16;
    private static final int MADE_FROM_AT = 32;
    private static final int HASH_BYTES = 32;
    static final int HEADER_BYTES = 64;
    private static final int PIECE_BYTES = 3 * Integer.BYTES;
    private static final int CONTINUES = 1 << 31;

    private final MemorySegment bytes;
    private final int blocks;
    private final long firstPiece;

    private BlockPlan(MemorySegment bytes) {
        this.bytes = bytes;
        this.blocks = bytes.get(INT, BLOCKS_AT);
        this.firstPiece = HEADER_BYTES + (blocks + 1L) * Integer.BYTES;
    }

    /// An empty plan, to be filled.
    static BlockPlan create(Memory memory, int sequenceLength, int blocks, int pieces) {
        MemorySegment bytes = memory.allocate(bytes(blocks, pieces));
        bytes.set(INT, 0, MAGIC);
        bytes.set(INT, 4, VERSION);
        bytes.set(INT, 8, sequenceLength);
        bytes.set(INT, BLOCKS_AT, blocks);
        bytes.set(INT, PIECES_AT, pieces);
        return new BlockPlan(bytes);
    }

    private static long bytes(long blocks, long pieces) {
        return HEADER_BYTES + (blocks + 1) * Integer.BYTES + pieces * PIECE_BYTES + HASH_BYTES;
    }

    /// Puts in what it was made from, and the hash.
    ///
    /// @param madeFrom SHA-256, hexadecimal
    void seal(String madeFrom) {
        MemorySegment.copy(
                MemorySegment.ofArray(HexFormat.of().parseHex(madeFrom)),
                0,
                bytes,
                MADE_FROM_AT,
                HASH_BYTES);
        MemorySegment.copy(
                MemorySegment.ofArray(HexFormat.of().parseHex(Sha256.of(content(bytes)))),
                0,
                bytes,
                bytes.byteSize() - HASH_BYTES,
                HASH_BYTES);
    }

    /// Whether these bytes are a whole plan, undamaged, of this version and made from that.
    static boolean holds(MemorySegment bytes, String madeFrom) {
        return blocksOf(bytes, madeFrom) >= 0
                && bytes.byteSize() == bytes(bytes.get(INT, BLOCKS_AT), bytes.get(INT, PIECES_AT))
                && Sha256.of(content(bytes)).equals(hex(bytes, bytes.byteSize() - HASH_BYTES));
    }

    /// Blocks of the plan that begins with these bytes; -1 where they are the header of no plan of
    /// this version that was made from that.
    static int blocksOf(MemorySegment header, String madeFrom) {
        return header.byteSize() >= HEADER_BYTES
                        && header.get(INT, 0) == MAGIC
                        && header.get(INT, 4) == VERSION
                        && hex(header, MADE_FROM_AT).equals(madeFrom)
                ? header.get(INT, BLOCKS_AT)
                : -1;
    }

    /// @param bytes of which [#holds] is true
    static BlockPlan of(MemorySegment bytes) {
        return new BlockPlan(bytes);
    }

    private static MemorySegment content(MemorySegment bytes) {
        return bytes.asSlice(0, bytes.byteSize() - HASH_BYTES);
    }

    private static String hex(MemorySegment bytes, long at) {
        return HexFormat.of()
                .formatHex(bytes.asSlice(at, HASH_BYTES).toArray(ValueLayout.JAVA_BYTE));
    }

    void setFirst(int block, int piece) {
        bytes.set(INT, HEADER_BYTES + (long) block * Integer.BYTES, piece);
    }

    /// @param continues whether the next piece of the block goes on where this one ends
    void setPiece(int piece, int document, int from, int length, boolean continues) {
        long at = firstPiece + (long) piece * PIECE_BYTES;
        bytes.set(INT, at, document);
        bytes.set(INT, at + 4, from);
        bytes.set(INT, at + 8, continues ? length | CONTINUES : length);
    }

    public int blocks() {
        return blocks;
    }

    /// Index of the first piece of a block; for the block after the last one, the number of pieces.
    public int first(int block) {
        return bytes.get(INT, HEADER_BYTES + (long) block * Integer.BYTES);
    }

    public int document(int piece) {
        return bytes.get(INT, firstPiece + (long) piece * PIECE_BYTES);
    }

    public int from(int piece) {
        return bytes.get(INT, firstPiece + (long) piece * PIECE_BYTES + 4);
    }

    public int length(int piece) {
        return lengthAndFlag(piece) & ~CONTINUES;
    }

    public boolean continues(int piece) {
        return lengthAndFlag(piece) < 0;
    }

    private int lengthAndFlag(int piece) {
        return bytes.get(INT, firstPiece + (long) piece * PIECE_BYTES + 8);
    }
}
