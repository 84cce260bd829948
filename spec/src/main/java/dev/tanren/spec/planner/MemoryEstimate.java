package dev.tanren.spec.planner;

import java.util.List;

/// Memory that training takes on one rank, beside the runtime itself.
///
/// @param items by what takes it
public record MemoryEstimate(List<Item> items) {

    public MemoryEstimate {
        items = List.copyOf(items);
    }

    /// @param formula how the bytes come about, in words of the plan
    public record Item(String name, long bytes, String formula) {}

    /// The sum, in bytes: all of it is there at once at the end of a forward pass while a
    /// checkpoint is saved.
    public long totalBytes() {
        return items.stream().mapToLong(Item::bytes).sum();
    }
}
