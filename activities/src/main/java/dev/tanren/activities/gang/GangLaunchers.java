package dev.tanren.activities.gang;

import dev.tanren.activities.gang.internal.GangLauncher;
import dev.tanren.activities.process.Node;
import dev.tanren.activities.process.StoreCredentials;

/// How ranks of the trainer are started on a machine.
public final class GangLaunchers {

    private static final String MAIN = "dev.tanren.trainer.rank.RankMain";

    private GangLaunchers() {}

    public static GangLauncher of(Node node, StoreCredentials credentials) {
        return new GangLauncher(
                (threads, arguments) -> node.trainer(MAIN, threads, arguments),
                node.store(),
                node.cache(),
                node.memoryBytes(),
                credentials);
    }
}
