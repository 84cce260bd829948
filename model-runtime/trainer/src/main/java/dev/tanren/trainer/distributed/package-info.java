/// Sums over ranks that do not depend on how many ranks there are.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.distributed;
