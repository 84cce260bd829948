/// What a plan will do: steps, sizes, memory.
package dev.tanren.plan.planner;
