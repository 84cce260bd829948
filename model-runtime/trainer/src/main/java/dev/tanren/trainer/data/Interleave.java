package dev.tanren.trainer.data;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Which source each sample of a phase comes from: each source has exactly the samples that it is
/// given, spread as evenly as whole samples allow.
///
/// Sources are paired in a binary tree, those with fewest samples first, as Huffman's code pairs
/// letters. Of the first `m` samples of a pair, the left half has its share of them, rounded: the
/// line that Bresenham draws. So any place of a phase of any length is found without a table, and
/// after any number of samples each source is within half a sample of its share where there are two
/// sources, and within two samples however many there are: an inner half has at most two thirds of
/// its pair, so what the roundings above it come to shrinks on the way down.
final class Interleave {

    /// @param ordinal how many samples before it come from the same source
    record Place(int source, long ordinal) {}

    /// @param samples of all sources below it
    /// @param source of a leaf; of a pair the first one below it
    private record Node(long samples, int source, @Nullable Node left, @Nullable Node right) {}

    private final Node root;
    private final int sources;

    /// @param samples of each source, above 0
    Interleave(List<Long> samples) {
        if (samples.isEmpty() || samples.stream().anyMatch(count -> count < 1)) {
            throw new IllegalArgumentException("a mix of " + samples + " samples");
        }
        sources = samples.size();
        PriorityQueue<Node> nodes =
                new PriorityQueue<>(
                        Comparator.comparingLong(Node::samples).thenComparingInt(Node::source));
        IntStream.range(0, sources)
                .forEach(source -> nodes.add(new Node(samples.get(source), source, null, null)));
        while (nodes.size() > 1) {
            Node one = nodes.remove();
            Node other = nodes.remove();
            nodes.add(one.source() < other.source() ? pair(one, other) : pair(other, one));
        }
        root = nodes.remove();
    }

    private static Node pair(Node left, Node right) {
        return new Node(Math.addExact(left.samples(), right.samples()), left.source(), left, right);
    }

    /// @param sample of the phase, counted from 0
    Place at(long sample) {
        if (sample < 0 || sample >= root.samples()) {
            throw new IndexOutOfBoundsException("sample " + sample + " of " + root.samples());
        }
        Node node = root;
        long before = sample;
        while (node.left() != null && node.right() != null) {
            long ofLeft = ofLeft(node, before);
            boolean left = ofLeft(node, before + 1) > ofLeft;
            before = left ? ofLeft : before - ofLeft;
            node = left ? node.left() : node.right();
        }
        return new Place(node.source(), before);
    }

    /// How many of the first `samples` samples come from each source.
    long[] drawn(long samples) {
        long[] drawn = new long[sources];
        draw(root, samples, drawn);
        return drawn;
    }

    private static void draw(Node node, long samples, long[] drawn) {
        if (node.left() == null || node.right() == null) {
            drawn[node.source()] = samples;
        } else {
            long left = ofLeft(node, samples);
            draw(node.left(), left, drawn);
            draw(node.right(), samples - left, drawn);
        }
    }

    /// `first · left / all`, rounded, halves up; the product may be longer than a `long`.
    private static long ofLeft(Node pair, long first) {
        long left = pair.left() == null ? 0 : pair.left().samples();
        BigInteger all = BigInteger.valueOf(pair.samples());
        return BigInteger.valueOf(first)
                .multiply(BigInteger.valueOf(left))
                .shiftLeft(1)
                .add(all)
                .divide(all.shiftLeft(1))
                .longValueExact();
    }
}
