package dev.tanren.storage.cache;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// A program that holds an entry of a cache until it is killed.
public final class HoldsEntry {

    private HoldsEntry() {}

    static Process start(Path entry) throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                HoldsEntry.class.getName(),
                                entry.toString())
                        .redirectErrorStream(true)
                        .start();
        String first = process.inputReader().readLine();
        if (!"held".equals(first)) {
            throw new IllegalStateException("it says " + first);
        }
        return process;
    }

    public static void main(String[] arguments) throws Exception {
        CacheUse.hold(Path.of(arguments[0]));
        System.out.println("held");
        new CountDownLatch(1).await();
    }
}
