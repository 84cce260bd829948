/// Which samples a step trains on: a pure function of seed, plan and datasets, never of the
/// number of ranks.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.data;
