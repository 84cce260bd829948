/// Sizes, shares and times as people write them.
package dev.tanren.plan.units;
