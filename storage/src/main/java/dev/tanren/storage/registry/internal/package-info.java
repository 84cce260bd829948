/// The registry's ports over PostgreSQL, one class each.
package dev.tanren.storage.registry.internal;
