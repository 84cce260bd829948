/// What stands at the address itself.
package dev.tanren.controlplane.root;
