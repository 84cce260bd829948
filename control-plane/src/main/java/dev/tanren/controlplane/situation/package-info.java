/// What a person on call is told of a run, computed in one place for every page, answer and
/// command.
@org.jspecify.annotations.NullMarked
package dev.tanren.controlplane.situation;
