/// What lies between a decoder's matrix products, as fused loops over host memory with their
/// backwards: C2 makes vector code of them.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.host;
