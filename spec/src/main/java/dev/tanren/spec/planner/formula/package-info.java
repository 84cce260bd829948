/// Published formulas for memory, arithmetic and communication of training, by the names of their
/// papers.
package dev.tanren.spec.planner.formula;
