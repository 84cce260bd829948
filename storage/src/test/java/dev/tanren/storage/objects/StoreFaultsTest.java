package dev.tanren.storage.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Stores that do not answer as they should. The answers come from a few lines of socket code; the
/// full disk is a real one.
@Timeout(60)
class StoreFaultsTest {

    private static final RetryPolicy IMPATIENT =
            new RetryPolicy(
                    Duration.ofMillis(500),
                    Duration.ofMillis(500),
                    Duration.ofMillis(10),
                    Duration.ofMillis(100),
                    Duration.ofMillis(1500));

    @Test
    void anUnreachableStoreIsReportedWithinItsDeadline() {
        try (S3ObjectStore store = at("http://127.0.0.1:1")) {
            long start = System.nanoTime();
            S3ObjectStoreTest.expect(ErrorCode.STORE_UNREACHABLE, () -> store.get("a"));
            S3ObjectStoreTest.expect(
                    ErrorCode.STORE_UNREACHABLE, () -> store.put("a", new byte[9]));
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(6));
        }
    }

    @Test
    void aStoreThatNeverAnswersIsReportedWithinItsDeadline() throws IOException {
        try (Answers answers = new Answers(tries -> "");
                S3ObjectStore store = at(answers.endpoint())) {
            long start = System.nanoTime();
            S3ObjectStoreTest.expect(ErrorCode.STORE_DEADLINE, () -> store.put("a", new byte[9]));
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    void whatMayPassIsTriedAgain() throws IOException {
        try (Answers answers =
                        new Answers(tries -> tries < 4 ? answer(503, "SlowDown", "later") : OK);
                S3ObjectStore store = at(answers.endpoint())) {
            store.put("a", new byte[9]);
            assertThat(answers.requests).hasValue(4);
        }
    }

    @Test
    void whatCannotPassIsNotTriedAgain() throws IOException {
        expectOnce(ErrorCode.STORE_REFUSED, answer(403, "AccessDenied", "no"));
        expectOnce(ErrorCode.STORE_REFUSED, answer(400, "InvalidRequest", "no"));
        expectOnce(ErrorCode.STORE_FULL, answer(507, "InsufficientStorage", "full"));
        expectOnce(ErrorCode.STORE_FULL, answer(500, "InternalError", "No space left on device"));
        expectOnce(
                ErrorCode.STORE_FULL,
                "HTTP/1.1 507 Full\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nfull");
    }

    @Test
    void aLostAnswerToAConditionalPutIsNotTakenForAnotherWriter() throws IOException {
        try (EmbeddedS3 s3 = EmbeddedS3.start()) {
            s3.store("race").close();
            try (CutsFirstAnswer proxy = new CutsFirstAnswer(s3.endpoint(), 0);
                    S3ObjectStore store =
                            S3ObjectStore.connect(
                                    new StoreAddress(
                                            proxy.endpoint(), "us-east-1", "race", "", true),
                                    s3.accessKey(),
                                    s3.secretKey(),
                                    TransferSettings.standard().withRetries(IMPATIENT))) {
                assertThat(store.putIfAbsent("a", new byte[] {1, 2})).isTrue();
                assertThat(store.putIfAbsent("a", new byte[] {1, 2})).isFalse();
                assertThat(proxy.connections()).isGreaterThan(1);
            }
        }
    }

    /// S3Proxy 3.1 leaves the file it began: the one who frees space removes it.
    @Test
    void aFullDiskShowsNoHalfObjectAndHealsWhenSpaceIsFreed(@TempDir Path folder) throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()),
                "needs the right to mount a tmpfs");
        try (EmbeddedS3 s3 = EmbeddedS3.start(disk);
                S3ObjectStore store = s3.store("full")) {
            store.put("small", new byte[100]);
            S3ObjectStoreTest.expect(
                    ErrorCode.STORE_FULL, () -> store.put("large", new byte[12 << 20]));
            assertThat(store.find("large")).isEmpty();
            assertThat(store.get("small")).hasSize(100);
            try (var files = Files.list(disk.resolve("full/tanren"))) {
                for (Path file : files.toList()) {
                    if (file.getFileName().toString().startsWith("large-")) {
                        Files.delete(file);
                    }
                }
            }
            store.put("large", new byte[5 << 20]);
            assertThat(store.get("large")).hasSize(5 << 20);
        } finally {
            run("umount", "-l", disk.toString());
        }
    }

    private static final String OK = "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n";

    private static void expectOnce(ErrorCode code, String answer) throws IOException {
        try (Answers answers = new Answers(tries -> answer);
                S3ObjectStore store = at(answers.endpoint())) {
            S3ObjectStoreTest.expect(code, () -> store.put("a", new byte[9]));
            assertThat(answers.requests).hasValue(1);
        }
    }

    private static String answer(int status, String code, String message) {
        String xml = "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>";
        return "HTTP/1.1 "
                + status
                + " X\r\nContent-Type: application/xml\r\nContent-Length: "
                + xml.length()
                + "\r\n\r\n"
                + xml;
    }

    private static S3ObjectStore at(String endpoint) {
        return S3ObjectStore.connect(
                new StoreAddress(endpoint, "us-east-1", "bucket", "", true),
                "key",
                "secret",
                TransferSettings.standard().withRetries(IMPATIENT));
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    /// Answers each request with the same small body of text; an empty one means silence.
    private static final class Answers implements AutoCloseable {
        private final ServerSocket server =
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final AtomicInteger requests = new AtomicInteger();

        Answers(java.util.function.IntFunction<String> answers) throws IOException {
            Thread.ofVirtual()
                    .start(
                            () -> {
                                while (!server.isClosed()) {
                                    try {
                                        Socket socket = server.accept();
                                        Thread.ofVirtual().start(() -> serve(socket, answers));
                                    } catch (IOException e) {
                                        return;
                                    }
                                }
                            });
        }

        private void serve(Socket socket, java.util.function.IntFunction<String> answers) {
            try (socket) {
                InputStream in = socket.getInputStream();
                while (readRequest(in)) {
                    String answer = answers.apply(requests.incrementAndGet());
                    if (answer.isEmpty()) {
                        Thread.sleep(Duration.ofSeconds(5));
                        return;
                    }
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                    socket.getOutputStream().flush();
                }
            } catch (IOException e) {
                // The client hung up, as it may.
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static boolean readRequest(InputStream in) throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = in.read();
                if (next < 0) {
                    return false;
                }
                head.append((char) next);
            }
            var length =
                    java.util.regex.Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
            in.skipNBytes(length.find() ? Long.parseLong(length.group(1)) : 0);
            return true;
        }

        String endpoint() {
            return "http://127.0.0.1:" + server.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
