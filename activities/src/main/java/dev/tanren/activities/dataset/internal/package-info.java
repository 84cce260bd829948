/// The steps of preparing a dataset.
package dev.tanren.activities.dataset.internal;
