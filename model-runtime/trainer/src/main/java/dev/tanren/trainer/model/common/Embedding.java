package dev.tanren.trainer.model.common;

/// A row of a table for each place: of tokens, or of positions. Every place's row is in the table.
///
/// Legend: N places, V rows of the table, H hidden.
public interface Embedding {

    /// Table and residual stream have one format.
    void forward(int[] rows, Matrix table_VH, Matrix hidden_NH);

    /// Adds the row of each place.
    void add(int[] rows, Matrix table_VH, Matrix hidden_NH);

    /// Adds each place's gradient to its row of the table, in an order that does not change from
    /// one time to the next.
    void backward(int[] rows, Matrix gradient_NH, Matrix tableGradient_VH);
}
