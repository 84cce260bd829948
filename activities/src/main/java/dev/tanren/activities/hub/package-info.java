/// Reads models of the Hugging Face Hub, or of a mirror that speaks its HTTP API.
package dev.tanren.activities.hub;
