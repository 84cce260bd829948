/// What tests of several modules write plans with.
@org.jspecify.annotations.NullMarked
package dev.tanren.plan.testing;
