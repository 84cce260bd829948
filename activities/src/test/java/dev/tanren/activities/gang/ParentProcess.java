package dev.tanren.activities.gang;

import dev.tanren.activities.process.LaunchedProcess;
import dev.tanren.activities.process.ReportSocket;
import dev.tanren.launch.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// A small worker, to be killed: launches one [FakeRank] and writes the id of its process.
public final class ParentProcess {

    private ParentProcess() {}

    /// Arguments: folder, launch file (which names the socket in that folder), environment's keys.
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        CountDownLatch hello = new CountDownLatch(1);
        ReportSocket.listen(
                folder,
                report -> {
                    if (report instanceof Report.Ready) {
                        hello.countDown();
                    }
                });
        LaunchedProcess rank =
                LaunchedProcess.start(
                        "rank-0",
                        new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                FakeRank.class.getName(),
                                arguments[1]),
                        Map.of(),
                        folder.resolve("rank.log"),
                        code -> {});
        hello.await();
        Path pid = folder.resolve("pid.tmp");
        Files.writeString(pid, Long.toString(rank.pid()));
        Files.move(pid, folder.resolve("pid"));
        new CountDownLatch(1).await();
    }
}
