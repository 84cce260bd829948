/// Why a run is as fast as it is.
@org.jspecify.annotations.NullMarked
package dev.tanren.controlplane.diagnosis;
