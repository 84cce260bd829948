/// Supervising the ranks of one attempt.
package dev.tanren.activities.gang;
