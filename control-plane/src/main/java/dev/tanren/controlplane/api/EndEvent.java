package dev.tanren.controlplane.api;

/// The last of an event stream: the run has ended, and everything before it was sent.
///
/// @param status key of the state that the run ended in
public record EndEvent(String status) {}
