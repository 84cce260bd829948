/// Sizes, shares and times as people write them.
package dev.tanren.spec.units;
