/// The texts of documents, also of those too long for memory.
package dev.tanren.activities.dataset.internal.text;
