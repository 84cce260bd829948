/// Where the time of training steps goes, and what holds them up.
@org.jspecify.annotations.NullMarked
package dev.tanren.plan.diagnosis;
