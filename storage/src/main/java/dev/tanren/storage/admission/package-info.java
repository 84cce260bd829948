/// What plans may read of the machine that they were written on.
@org.jspecify.annotations.NullMarked
package dev.tanren.storage.admission;
