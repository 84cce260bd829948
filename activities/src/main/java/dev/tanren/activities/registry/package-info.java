/// What workflows write into the registry and read from it.
package dev.tanren.activities.registry;
