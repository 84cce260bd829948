package dev.tanren.activities.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// A program with a worker's scratch folder, until it is killed.
public final class HoldsScratch {

    private HoldsScratch() {}

    static Process start(Path parent) throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        HoldsScratch.class.getName(),
                        parent.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    public static void main(String[] arguments) throws Exception {
        WorkerScratch scratch = WorkerScratch.open(Path.of(arguments[0]));
        Scratch gang = Scratch.create(scratch.folder(), "gang-7");
        Files.writeString(gang.folder("rank-0").resolve("state"), "left behind");
        System.out.println(scratch.folder());
        new CountDownLatch(1).await();
    }
}
