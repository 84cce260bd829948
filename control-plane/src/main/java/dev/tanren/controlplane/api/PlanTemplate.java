package dev.tanren.controlplane.api;

/// A plan to begin with.
///
/// @param id stable
/// @param title in a few words
/// @param about what it shows, from the comment at its beginning
/// @param runsHere whether all that it names is there on the machine of the stack; otherwise its
///     addresses are to be replaced
/// @param text in YAML, with its comments
public record PlanTemplate(String id, String title, String about, boolean runsHere, String text) {}
