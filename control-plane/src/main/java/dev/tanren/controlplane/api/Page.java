package dev.tanren.controlplane.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One page of a list.
///
/// @param nextCursor value of `cursor` for the next page; null on the last one
public record Page<T>(List<T> items, @Nullable String nextCursor) {}
