package dev.tanren.workflows.temporal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.workflows.payload.PayloadKeys;
import dev.tanren.workflows.testing.TestKeys;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.stub.StreamObserver;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.api.workflowservice.v1.GetSystemInfoResponse;
import io.temporal.api.workflowservice.v1.WorkflowServiceGrpc;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Against a service that wants a certificate of its clients, and whose own has another name than
/// its address.
@Timeout(120)
class TemporalTlsTest {

    private static final String NAME = "temporal.internal";
    private static final String PASSWORD = "of-the-test";

    @TempDir private Path folder;

    private final List<String> authorizations = new CopyOnWriteArrayList<>();
    private Server server;

    @BeforeEach
    void aServiceWithACertificate() throws Exception {
        makeCertificate("server", NAME);
        makeCertificate("client", "tanren");
        server =
                NettyServerBuilder.forAddress(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .sslContext(
                                GrpcSslContexts.forServer(
                                                folder.resolve("server.pem").toFile(),
                                                folder.resolve("server.key").toFile())
                                        .trustManager(folder.resolve("client.pem").toFile())
                                        .clientAuth(ClientAuth.REQUIRE)
                                        .build())
                        .addService(new SystemInfo())
                        .intercept(new Authorizations())
                        .build()
                        .start();
    }

    @AfterEach
    void ends() {
        server.shutdownNow();
    }

    @Test
    void bothSidesShowTheirCertificatesAndTheApiKeyGoesWithTheCall() {
        ask(everything());

        assertThat(authorizations).isNotEmpty().containsOnly("Bearer k1");
    }

    @Test
    void aServiceOfAnotherNameAnUnknownOneAndAClientWithoutACertificateAreRefused() {
        for (String missing :
                List.of(
                        TemporalTls.SERVER_NAME_VARIABLE,
                        TemporalTls.CA_VARIABLE,
                        TemporalTls.CERTIFICATE_VARIABLE)) {
            Map<String, String> environment = everything();
            environment.remove(missing);
            if (missing.equals(TemporalTls.CERTIFICATE_VARIABLE)) {
                environment.remove(TemporalTls.KEY_VARIABLE);
            }
            assertThatThrownBy(() -> ask(environment))
                    .as("without " + missing)
                    .isInstanceOf(StatusRuntimeException.class);
        }
        assertThat(authorizations).isEmpty();
    }

    private static void ask(Map<String, String> environment) {
        WorkflowServiceStubs stubs =
                WorkflowServiceStubs.newServiceStubs(TemporalSettings.from(environment).service());
        try {
            stubs.blockingStub()
                    .withDeadlineAfter(10, TimeUnit.SECONDS)
                    .getSystemInfo(GetSystemInfoRequest.getDefaultInstance());
        } finally {
            stubs.shutdownNow();
        }
    }

    private Map<String, String> everything() {
        Map<String, String> environment = new HashMap<>();
        environment.put("TANREN_TEMPORAL_ADDRESS", "127.0.0.1:" + server.getPort());
        environment.put(PayloadKeys.VARIABLE, TestKeys.WRITTEN);
        environment.put("TANREN_TEMPORAL_API_KEY", "k1");
        environment.put(TemporalTls.SERVER_NAME_VARIABLE, NAME);
        environment.put(TemporalTls.CA_VARIABLE, folder.resolve("server.pem").toString());
        environment.put(TemporalTls.CERTIFICATE_VARIABLE, folder.resolve("client.pem").toString());
        environment.put(TemporalTls.KEY_VARIABLE, folder.resolve("client.key").toString());
        return environment;
    }

    /// By the JDK's own tool; nothing of it is kept.
    private void makeCertificate(String who, String name) throws Exception {
        Path store = folder.resolve(who + ".p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "it",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=" + name,
                                "-ext",
                                "san=dns:" + name,
                                "-validity",
                                "2",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                PASSWORD)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        writePem(who + ".pem", "CERTIFICATE", keys.getCertificate("it").getEncoded());
        writePem(
                who + ".key",
                "PRIVATE KEY",
                keys.getKey("it", PASSWORD.toCharArray()).getEncoded());
    }

    private void writePem(String file, String what, byte[] content) throws Exception {
        Files.writeString(
                folder.resolve(file),
                "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                        .formatted(what, Base64.getMimeEncoder().encodeToString(content), what));
    }

    private static final class SystemInfo extends WorkflowServiceGrpc.WorkflowServiceImplBase {
        @Override
        public void getSystemInfo(
                GetSystemInfoRequest request, StreamObserver<GetSystemInfoResponse> answer) {
            answer.onNext(GetSystemInfoResponse.getDefaultInstance());
            answer.onCompleted();
        }
    }

    private final class Authorizations implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            authorizations.add(
                    String.valueOf(
                            headers.get(
                                    Metadata.Key.of(
                                            "authorization", Metadata.ASCII_STRING_MARSHALLER))));
            return next.startCall(call, headers);
        }
    }
}
