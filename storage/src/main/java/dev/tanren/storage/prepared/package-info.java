/// What preparation left in the object store.
package dev.tanren.storage.prepared;
