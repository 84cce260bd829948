/// Documents to token shards: sources, duplicates, quality tiers, held-out documents, tokens.
package dev.tanren.activities.dataset;
