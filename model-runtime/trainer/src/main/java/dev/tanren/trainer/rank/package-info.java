/// The rank process: its start, its training loop, and how it ends.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.rank;
