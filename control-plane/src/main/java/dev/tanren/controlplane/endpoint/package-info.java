/// The calls that the resources take, and what they say of their answers.
@org.jspecify.annotations.NullMarked
package dev.tanren.controlplane.endpoint;
