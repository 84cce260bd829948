/// Every error as an RFC 9457 problem.
package dev.tanren.controlplane.problem;
