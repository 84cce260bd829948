/// Whether a worker may go on with what it does.
package dev.tanren.activities.lease;
