/// The code of the training stage's workflow.
package dev.tanren.workflows.training.internal;
