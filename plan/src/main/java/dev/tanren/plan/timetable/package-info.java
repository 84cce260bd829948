/// Which steps a stage runs, in which phase, on how many samples of each source.
@org.jspecify.annotations.NullMarked
package dev.tanren.plan.timetable;
