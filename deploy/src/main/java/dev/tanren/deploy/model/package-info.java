/// Models as they lie on this machine, before and after a run.
@org.jspecify.annotations.NullMarked
package dev.tanren.deploy.model;
