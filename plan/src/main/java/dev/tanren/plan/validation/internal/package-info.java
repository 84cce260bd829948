/// The small language that keys of a plan are described in, and its reader.
package dev.tanren.plan.validation.internal;
