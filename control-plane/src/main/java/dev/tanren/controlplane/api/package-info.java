/// What the REST API answers, as records; the console, the command line and scripts read these
/// shapes.
///
/// Instants are ISO-8601 in UTC, durations seconds, sizes bytes. A field without a value is null,
/// never missing.
@org.jspecify.annotations.NullMarked
package dev.tanren.controlplane.api;
