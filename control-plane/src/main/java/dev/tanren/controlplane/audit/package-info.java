/// What the audit holds, for administrators.
package dev.tanren.controlplane.audit;
