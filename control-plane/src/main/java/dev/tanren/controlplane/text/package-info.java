/// What texts a request may carry: refused here, at the door, with their place.
@org.jspecify.annotations.NullMarked
package dev.tanren.controlplane.text;
