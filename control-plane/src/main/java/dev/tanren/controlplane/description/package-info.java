/// The description of the API for machines, `GET /q/openapi`.
@org.jspecify.annotations.NullMarked
package dev.tanren.controlplane.description;
