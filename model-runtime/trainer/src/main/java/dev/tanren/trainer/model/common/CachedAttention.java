package dev.tanren.trainer.model.common;

import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.parameters.NativeAddress;
import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Attention of the newest token to the keys and values of all tokens before it, which a cache
/// holds.
///
/// The queries of a key-value head's group take the place of a sequence: all of them see the same
/// keys, up to the newest, so there is no mask. A window leaves out the older keys.
///
/// Legend: N new places, W all heads side by side (queries, keys, values), Q query heads' width, K
/// key-value heads, G queries per key-value head, D head size, C capacity of the cache, S tokens
/// seen.
public final class CachedAttention {

    private final int keyValueHeads;
    private final int group;
    private final int headSize;
    private final @Nullable Integer window;

    /// @param window how many tokens each token sees, itself included; null for all before it
    public CachedAttention(int heads, int keyValueHeads, int headSize, @Nullable Integer window) {
        this.keyValueHeads = keyValueHeads;
        this.group = heads / keyValueHeads;
        this.headSize = headSize;
        this.window = window;
    }

    /// Puts keys and values of new tokens behind those that the cache holds; does not count them.
    ///
    /// @param heads_NW with keys as attention multiplies them
    public void append(Matrix heads_NW, KeyValueCache cache, int layer) {
        cache.requireRoom(heads_NW.rows());
        KeyValueCache.Layer memory = cache.layer(layer);
        long bytes = (long) headSize * heads_NW.format().bytes();
        long keys = bytes * keyValueHeads * group;
        long values = keys + keyValueHeads * bytes;
        for (int n = 0; n < heads_NW.rows(); n++) {
            long row = heads_NW.row(n);
            for (int head = 0; head < keyValueHeads; head++) {
                long to = ((long) head * cache.capacity() + cache.length() + n) * bytes;
                long from = row + head * bytes;
                copy(heads_NW.segment(), keys + from, memory.keys_KCD(), to, bytes);
                copy(heads_NW.segment(), values + from, memory.values_KCD(), to, bytes);
            }
        }
    }

    private static void copy(
            MemorySegment from, long at, MemorySegment to, long target, long bytes) {
        MemorySegment.copy(from, at, to, target, bytes);
    }

    /// Attends from the one new token to all, itself included, once its keys and values have been
    /// appended.
    public void forward(Matrix heads_1W, KeyValueCache cache, int layer, Matrix outputs_1Q) {
        int all = cache.length() + 1;
        int seen = window == null ? all : Math.min(all, window);
        KeyValueCache.Layer memory = cache.layer(layer);
        try (PointerScope _ = new PointerScope();
                AutoGradMode _ = new AutoGradMode(false)) {
            Tensor attended_1KGD =
                    torch.scaled_dot_product_attention(
                            byGroup(heads_1W),
                            last(memory.keys_KCD(), cache, all, seen),
                            last(memory.values_KCD(), cache, all, seen),
                            new TensorOptional(),
                            0.0,
                            false,
                            new DoubleOptional(),
                            false);
            byGroup(outputs_1Q).copy_(attended_1KGD);
        }
    }

    /// `[1, K, G, D]`: the query heads, which are the row's first.
    private Tensor byGroup(Matrix row) {
        return NativeAddress.tensor(row.segment(), row.format(), 1, keyValueHeads, group, headSize);
    }

    /// `[1, K, S, D]`: of the first `all` tokens of each head the last `seen`.
    private Tensor last(MemorySegment memory_KCD, KeyValueCache cache, int all, int seen) {
        long head = (long) cache.capacity() * headSize;
        return NativeAddress.strided(
                memory_KCD.asSlice((long) (all - seen) * headSize * cache.format().bytes()),
                cache.format(),
                new long[] {1, keyValueHeads, seen, headSize},
                new long[] {head * keyValueHeads, head, headSize, 1});
    }
}
