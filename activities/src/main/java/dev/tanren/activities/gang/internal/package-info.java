/// The parts of the gang's supervisor.
package dev.tanren.activities.gang.internal;
