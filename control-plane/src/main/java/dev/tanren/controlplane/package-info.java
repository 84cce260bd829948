/// The control plane: the REST API, the live events, and who may use them.
package dev.tanren.controlplane;
