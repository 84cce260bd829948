/// Event streams, health and the platform's own figures.
package dev.tanren.controlplane.live;
