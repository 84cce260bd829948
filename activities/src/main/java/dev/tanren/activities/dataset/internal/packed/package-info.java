/// Packed files: what they are by their bytes, and readers that take nothing damaged for an end.
package dev.tanren.activities.dataset.internal.packed;
