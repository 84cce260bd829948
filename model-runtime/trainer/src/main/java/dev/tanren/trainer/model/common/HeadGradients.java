package dev.tanren.trainer.model.common;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// Puts what attention's backward makes back into the rows that its forward was cut from.
///
/// Legend: B sequences, T length, K key-value heads, D head size, N places, W all heads side by
/// side.
public interface HeadGradients {

    /// Fills the span's rows; heads that had been rotated are turned back.
    ///
    /// @param gradients_BTKD row-major: of the first query heads of all groups, of the second ones
    ///     and so on, then of keys, then of values
    /// @param positions of each place of the batch inside its document
    void gather(List<Tensor> gradients_BTKD, AttentionSpan span, int[] positions, Matrix target_NW);
}
