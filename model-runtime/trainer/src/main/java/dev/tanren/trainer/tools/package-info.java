/// Programs around the trainer, and what every one of its processes does first.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.tools;
