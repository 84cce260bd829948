/// The workflow of one training stage: its phases, and the attempts at each.
package dev.tanren.workflows.training;
