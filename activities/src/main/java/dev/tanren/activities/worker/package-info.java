/// The worker process.
package dev.tanren.activities.worker;
