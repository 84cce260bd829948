package dev.tanren.controlplane.live;

import java.util.HashMap;
import java.util.Map;

/// How many event streams may be open at once: of everybody together, and of one token a quarter of
/// that, so that nobody takes all of them.
final class Places {

    private final int all;
    private final int each;
    private final Map<String, Integer> taken = new HashMap<>();
    private int open;

    Places(int all) {
        this.all = all;
        this.each = Math.max(1, all / 4);
    }

    /// @return whether there was one
    synchronized boolean take(String tokenId) {
        if (open >= all || taken.getOrDefault(tokenId, 0) >= each) {
            return false;
        }
        open++;
        taken.merge(tokenId, 1, Integer::sum);
        return true;
    }

    synchronized void giveBack(String tokenId) {
        open--;
        taken.computeIfPresent(tokenId, (_, count) -> count == 1 ? null : count - 1);
    }
}
