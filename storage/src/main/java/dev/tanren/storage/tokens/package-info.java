/// Token shards: tokenised documents under the hash of what they were made from.
package dev.tanren.storage.tokens;
