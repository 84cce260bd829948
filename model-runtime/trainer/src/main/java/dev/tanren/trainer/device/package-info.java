/// Where a rank's model computes: the host's memory, or a GPU.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.device;
