/// Where a model's numbers lie: one flat native buffer per kind (weights, gradients, moments), seen
/// by libtorch and by Java loops alike.
@org.jspecify.annotations.NullMarked
package dev.tanren.trainer.parameters;
