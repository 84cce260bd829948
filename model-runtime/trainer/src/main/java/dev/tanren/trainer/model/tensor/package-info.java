/// What lies between a decoder's matrix products, by libtorch's operations, with the backwards
/// written out: for whichever device a tensor lies on.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.model.tensor;
