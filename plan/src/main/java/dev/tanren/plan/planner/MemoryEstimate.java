package dev.tanren.plan.planner;

import java.util.List;

/// Memory that a rank of a training stage takes at its highest: at the end of a forward pass while
/// a checkpoint is saved.
///
/// @param items by what takes it
public record MemoryEstimate(List<Item> items) {

    public MemoryEstimate {
        items = List.copyOf(items);
    }

    /// @param formula how the bytes come about, in words of the plan
    /// @param host whether it lies in the host's memory, beside a device that has its own
    public record Item(String name, long bytes, String formula, boolean host) {}

    /// The sum of what lies in the memory that the rank computes in, in bytes.
    public long totalBytes() {
        return items.stream().filter(item -> !item.host()).mapToLong(Item::bytes).sum();
    }

    /// The sum of what lies in the host's memory beside it; 0 where that is the same.
    public long hostBytes() {
        return items.stream().filter(Item::host).mapToLong(Item::bytes).sum();
    }

    /// The bytes of an item; 0 where there is none of this name.
    public long bytes(String name) {
        return items.stream().filter(item -> item.name().equals(name)).mapToLong(Item::bytes).sum();
    }
}
