/// The database, the object store and Temporal, as the application uses them.
package dev.tanren.controlplane.connections;
