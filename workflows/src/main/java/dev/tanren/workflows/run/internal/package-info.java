/// The code of the run's workflow.
package dev.tanren.workflows.run.internal;
