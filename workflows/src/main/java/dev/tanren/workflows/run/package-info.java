/// The workflow of one run: its stages in order, and what people may ask of it.
package dev.tanren.workflows.run;
