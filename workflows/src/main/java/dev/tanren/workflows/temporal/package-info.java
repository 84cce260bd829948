/// How Tanren's processes reach Temporal.
package dev.tanren.workflows.temporal;
