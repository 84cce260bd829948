package dev.tanren.plan.validation.internal;

/// A value and the place it was read from; the place of a default is that of the mapping without
/// it.
public record Located<T>(T value, Place place) {}
