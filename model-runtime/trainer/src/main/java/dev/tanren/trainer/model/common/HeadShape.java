package dev.tanren.trainer.model.common;

import dev.tanren.plan.Architecture;

/// How queries, keys and values lie in a row: the query heads, those of a group beside each other,
/// then the key heads, then the value heads.
///
/// @param group query heads to each key-value head
public record HeadShape(int keyValueHeads, int group, int headSize) {

    public static HeadShape of(Architecture architecture) {
        return new HeadShape(
                architecture.keyValueHeads(),
                architecture.heads() / architecture.keyValueHeads(),
                architecture.effectiveHeadSize());
    }

    /// Query heads.
    public int queries() {
        return keyValueHeads * group;
    }

    /// Heads of queries and keys.
    public int rotated() {
        return keyValueHeads * (group + 1);
    }

    /// The width of all key heads, and of all value heads.
    public int keysWidth() {
        return keyValueHeads * headSize;
    }

    /// The column at which keys begin.
    public int keys() {
        return group * keysWidth();
    }

    /// The column at which values begin.
    public int values() {
        return keys() + keysWidth();
    }
}
