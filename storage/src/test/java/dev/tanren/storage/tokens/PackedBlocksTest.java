package dev.tanren.storage.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.storage.tokens.PackedBlocks.Block;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PackedBlocksTest {

    @Test
    void aBlockHoldsWholeDocumentsAndOnlyTheOneThatIsTooLongIsCut() {
        PackedBlocks blocks = bestFit(List.of(14, 7, 5, 2, 3), 8);

        List<List<Integer>> pieces = new ArrayList<>();
        for (int block = 0; block < blocks.count(); block++) {
            pieces.add(pieceLengths(blocks.block(block)));
        }
        assertThat(pieces).containsExactly(List.of(8), List.of(6, 2), List.of(7), List.of(5, 3));
    }

    @Test
    void targetsArePositionsOnAndEndAtThePiece() {
        Block block = bestFit(List.of(3, 2), 6).block(0);

        assertThat(block.tokens()).containsExactly(1, 2, 3, 4, 5, 0);
        assertThat(block.targets()).containsExactly(2, 3, -100, 5, -100, -100);
        assertThat(block.positions()).containsExactly(0, 1, 2, 0, 1, 0);
        assertThat(block.documents()).containsExactly(0, 0, 0, 1, 1, -1);
    }

    @Test
    void aStreamIsCutEverySequenceLengthAcrossItsDocuments() {
        PackedBlocks blocks =
                PackedBlocks.pack(ListedDocuments.ofLengths(List.of(3, 0, 4, 4)), 5, false);

        assertThat(blocks.count()).isEqualTo(2);
        assertThat(blocks.block(0).tokens()).containsExactly(1, 2, 3, 4, 5);
        assertThat(blocks.block(0).targets()).containsExactly(2, 3, 4, 5, -100);
        assertThat(blocks.block(0).documents()).containsOnly(0);
        assertThat(blocks.block(1).positions()).containsExactly(0, 1, 2, 3, 4);
        assertThat(blocks.targets(1)).isEqualTo(4);
    }

    @Test
    void noDocumentsGiveNoBlocks() {
        assertThat(bestFit(List.of(), 8).count()).isZero();
        assertThat(bestFit(List.of(0, 1, 1), 8).count()).isZero();
        assertThat(PackedBlocks.pack(ListedDocuments.ofLengths(List.of(1)), 8, false).count())
                .isZero();
    }

    @Test
    void aBlockThatDoesNotExistIsRefused() {
        PackedBlocks blocks = bestFit(List.of(8), 8);

        assertThatThrownBy(() -> blocks.block(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> blocks.targets(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aMillionDocumentsArePackedInAboutASecondAndAlmostWithoutPadding() {
        Random random = new Random(1);
        int[] lengths = random.ints(1_000_000, 2, 3_000).toArray();
        Documents documents = new LengthsOnly(Arrays.stream(lengths).boxed().toList());
        long started = System.nanoTime();

        PackedBlocks blocks = PackedBlocks.pack(documents, 2_048, true);

        double seconds = (System.nanoTime() - started) / 1e9;
        long filled = Arrays.stream(lengths).asLongStream().sum();
        assertThat(filled / (2_048.0 * blocks.count())).isGreaterThan(0.99);
        assertThat(seconds).isLessThan(20);
    }

    @Property
    void everyTokenIsInOneBlockAndEveryTargetIsTheTokenAfterIt(
            @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 40) Integer> lengths,
            @ForAll @IntRange(min = 2, max = 17) int sequenceLength,
            @ForAll boolean boundaries) {
        PackedBlocks blocks =
                PackedBlocks.pack(ListedDocuments.ofLengths(lengths), sequenceLength, boundaries);

        List<Integer> seen = new ArrayList<>();
        for (int index = 0; index < blocks.count(); index++) {
            Block block = blocks.block(index);
            int targets = 0;
            for (int at = 0; at < sequenceLength; at++) {
                if (block.documents()[at] < 0) {
                    assertThat(block.tokens()[at]).isZero();
                    assertThat(block.targets()[at]).isEqualTo(PackedBlocks.NO_TARGET);
                    continue;
                }
                seen.add(block.tokens()[at]);
                boolean last =
                        at + 1 == sequenceLength
                                || block.documents()[at + 1] != block.documents()[at];
                assertThat(block.targets()[at])
                        .isEqualTo(last ? PackedBlocks.NO_TARGET : block.tokens()[at] + 1);
                targets += last ? 0 : 1;
            }
            assertThat(blocks.targets(index)).isEqualTo(targets).isPositive();
        }
        assertThat(seen).doesNotHaveDuplicates();
        int left =
                boundaries
                        ? lengths.stream().mapToInt(n -> n % sequenceLength == 1 ? 1 : 0).sum()
                        : lengths.stream().mapToInt(n -> n).sum() % sequenceLength == 1 ? 1 : 0;
        assertThat(seen).hasSize(lengths.stream().mapToInt(n -> n).sum() - left);
    }

    @Property
    void aDocumentThatFitsIsNeverCut(
            @ForAll @Size(max = 60) List<@IntRange(min = 2, max = 9) Integer> lengths) {
        PackedBlocks blocks = bestFit(lengths, 9);

        List<Integer> pieces = new ArrayList<>();
        for (int index = 0; index < blocks.count(); index++) {
            pieces.addAll(pieceLengths(blocks.block(index)));
        }
        assertThat(pieces).containsExactlyInAnyOrderElementsOf(lengths);
    }

    private static PackedBlocks bestFit(List<Integer> lengths, int sequenceLength) {
        return PackedBlocks.pack(ListedDocuments.ofLengths(lengths), sequenceLength, true);
    }

    private static List<Integer> pieceLengths(Block block) {
        List<Integer> lengths = new ArrayList<>();
        for (int at = 0; at < block.documents().length && block.documents()[at] >= 0; at++) {
            if (block.documents()[at] == lengths.size()) {
                lengths.add(0);
            }
            lengths.set(lengths.size() - 1, lengths.getLast() + 1);
        }
        return lengths;
    }

    private record LengthsOnly(List<Integer> lengths) implements Documents {
        @Override
        public int count() {
            return lengths.size();
        }

        @Override
        public int length(int document) {
            return lengths.get(document);
        }

        @Override
        public void copy(int document, int from, int length, int[] target, int offset) {
            throw new AssertionError("packing reads no token");
        }
    }
}
