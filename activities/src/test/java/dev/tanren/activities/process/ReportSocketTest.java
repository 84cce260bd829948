package dev.tanren.activities.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.launch.Report;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportSocketTest {

    private static final Report READY = new Report.Ready(1, 0, 0.5, 100, null);

    @TempDir private Path folder;

    /// The system's limit is met by some of them exactly.
    @Test
    void reportsAreHeardHoweverLongTheNameOfTheScratchFolderIs() throws Exception {
        for (int length = 90; length <= 130; length++) {
            int more = length - folder.toString().length() - "//reports.sock".length();
            Path scratch = Files.createDirectory(folder.resolve("x".repeat(more)));
            BlockingQueue<Report> heard = new LinkedBlockingQueue<>();

            try (ReportSocket socket = ReportSocket.listen(scratch, heard::add)) {
                say(socket.path(), READY);
                assertThat(heard.poll(10, TimeUnit.SECONDS))
                        .as("a path of %d bytes", length)
                        .isEqualTo(READY);
            }

            assertThat(scratch).isEmptyDirectory();
        }
    }

    /// It must not fill the worker's memory, in which the reports of every other process are.
    @Test
    void aProcessThatNeverEndsItsLineIsHungUpOn() throws Exception {
        BlockingQueue<Report> heard = new LinkedBlockingQueue<>();
        Path scratch = Files.createDirectory(folder.resolve("endless"));
        try (ReportSocket socket = ReportSocket.listen(scratch, heard::add);
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket.path()));
            ByteBuffer part = ByteBuffer.wrap("x".repeat(1 << 20).getBytes(StandardCharsets.UTF_8));

            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(
                            () -> {
                                for (int mebibytes = 0; mebibytes < 64; mebibytes++) {
                                    channel.write(part.rewind());
                                }
                            });

            say(socket.path(), READY);
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(READY);
        }
    }

    private static void say(Path path, Report report) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(path));
            channel.write(
                    ByteBuffer.wrap((Json.write(report) + "\n").getBytes(StandardCharsets.UTF_8)));
        }
    }
}
