/// Token shards: tokenised documents under the hash of what they were made from, and the blocks
/// that trainer and evaluation cut from them.
package dev.tanren.storage.tokens;
