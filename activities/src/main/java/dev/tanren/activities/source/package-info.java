/// The files that plans name by URIs, and which of them a worker may read.
package dev.tanren.activities.source;
