/// Ids that sort by the time they were made.
package dev.tanren.controlplane.id;
