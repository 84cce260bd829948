/// Who calls, and what they may do.
package dev.tanren.controlplane.security;
