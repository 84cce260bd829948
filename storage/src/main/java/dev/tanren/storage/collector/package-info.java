/// Removes from the object store what nobody needs or will finish.
@org.jspecify.annotations.NullMarked
package dev.tanren.storage.collector;
