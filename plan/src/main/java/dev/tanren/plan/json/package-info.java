/// How the platform's records travel as JSON.
package dev.tanren.plan.json;
