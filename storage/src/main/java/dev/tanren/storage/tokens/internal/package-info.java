/// What readers of tokens need not see.
package dev.tanren.storage.tokens.internal;
