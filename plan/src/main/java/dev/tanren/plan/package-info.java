/// A plan as a tree of immutable records, each of which is valid in itself once it exists.
///
/// Cross-references and what the trainer can do are checked by `dev.tanren.plan.validation`.
package dev.tanren.plan;
