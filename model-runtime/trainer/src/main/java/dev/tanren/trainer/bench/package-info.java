/// Speed, as figures that anyone can measure again beside a peer.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.bench;
