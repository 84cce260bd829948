/// Plans: validating and explaining them.
package dev.tanren.controlplane.plan;
