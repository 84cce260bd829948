/// What the platform knows of runs, in PostgreSQL. It projects Temporal's state for reading; it
/// never decides it.
package dev.tanren.storage.registry;
