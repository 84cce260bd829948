/// What a run can be: its states, what may follow each, what people may ask in it; and what it
/// trains on.
@org.jspecify.annotations.NullMarked
package dev.tanren.plan.run;
