/// How records travel through Temporal: as JSON, sealed, so that nobody without the key reads or
/// writes one.
package dev.tanren.workflows.payload;
