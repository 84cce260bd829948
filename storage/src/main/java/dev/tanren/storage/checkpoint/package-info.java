/// Checkpoint layout and the two-step commit under a fencing token.
package dev.tanren.storage.checkpoint;
