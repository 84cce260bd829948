/// How coded errors travel through Temporal.
package dev.tanren.workflows.failure;
