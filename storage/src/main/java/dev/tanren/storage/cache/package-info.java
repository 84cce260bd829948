/// The folder of immutable objects that the processes of a machine share, and its bound.
package dev.tanren.storage.cache;
