/// Runs: submitting, watching, pausing, resuming, cancelling, retrying.
package dev.tanren.controlplane.run;
