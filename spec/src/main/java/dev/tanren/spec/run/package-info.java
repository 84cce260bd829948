/// What a run can be: its states, what may follow each, and what people may ask in it.
@org.jspecify.annotations.NullMarked
package dev.tanren.spec.run;
