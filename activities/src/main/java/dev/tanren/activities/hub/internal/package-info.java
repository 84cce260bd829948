/// Requests to the Hub, and what is checked about their answers.
package dev.tanren.activities.hub.internal;
