/// Published formulas for memory, arithmetic and communication of training, by the names of their
/// papers.
package dev.tanren.plan.planner.formula;
