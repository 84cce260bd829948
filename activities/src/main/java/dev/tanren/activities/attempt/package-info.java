/// Beginning attempts.
package dev.tanren.activities.attempt;
