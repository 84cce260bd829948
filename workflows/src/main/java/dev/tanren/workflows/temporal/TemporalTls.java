package dev.tanren.workflows.temporal;

import dev.tanren.plan.error.TanrenException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// How the connection to Temporal is encrypted.
///
/// @param authorities `TANREN_TEMPORAL_TLS_CA_FILE`: certificates (PEM) that the server's must be
///     signed by; null for those that the JDK trusts
/// @param certificate `TANREN_TEMPORAL_TLS_CERTIFICATE_FILE`: what this side shows (PEM); null for
///     nothing
/// @param key `TANREN_TEMPORAL_TLS_KEY_FILE`: the private key of `certificate` (PEM, PKCS #8,
///     without a password); null without one
/// @param serverName `TANREN_TEMPORAL_TLS_SERVER_NAME`: the name that the server's certificate must
///     have; null for the one of the address
record TemporalTls(
        @Nullable Path authorities,
        @Nullable Path certificate,
        @Nullable Path key,
        @Nullable String serverName) {

    static final String CA_VARIABLE = "TANREN_TEMPORAL_TLS_CA_FILE";
    static final String CERTIFICATE_VARIABLE = "TANREN_TEMPORAL_TLS_CERTIFICATE_FILE";
    static final String KEY_VARIABLE = "TANREN_TEMPORAL_TLS_KEY_FILE";
    static final String SERVER_NAME_VARIABLE = "TANREN_TEMPORAL_TLS_SERVER_NAME";

    private static final List<String> VARIABLES =
            List.of(CA_VARIABLE, CERTIFICATE_VARIABLE, KEY_VARIABLE, SERVER_NAME_VARIABLE);

    static boolean isNamedIn(Map<String, String> environment) {
        return VARIABLES.stream()
                .anyMatch(variable -> !environment.getOrDefault(variable, "").isBlank());
    }

    /// @throws TanrenException `USAGE` naming the variable that is wrong
    static TemporalTls from(Map<String, String> environment) {
        Path certificate = file(environment, CERTIFICATE_VARIABLE);
        Path key = file(environment, KEY_VARIABLE);
        if ((certificate == null) != (key == null)) {
            throw TemporalSettings.wrong(
                    certificate == null ? CERTIFICATE_VARIABLE : KEY_VARIABLE,
                    "a client's certificate and its private key belong together, and one is not set",
                    "set both, or neither");
        }
        String name = environment.getOrDefault(SERVER_NAME_VARIABLE, "");
        return new TemporalTls(
                file(environment, CA_VARIABLE), certificate, key, name.isBlank() ? null : name);
    }

    private static @Nullable Path file(Map<String, String> environment, String variable) {
        String named = environment.getOrDefault(variable, "");
        if (named.isBlank()) {
            return null;
        }
        Path file = Path.of(named);
        if (!Files.isReadable(file)) {
            throw TemporalSettings.wrong(
                    variable,
                    "cannot read the file " + file,
                    "let it name a file that can be read");
        }
        return file;
    }

    void configure(WorkflowServiceStubsOptions.Builder options) {
        options.setSslContext(context());
        if (serverName != null) {
            String name = serverName;
            options.setChannelInitializer(channel -> channel.overrideAuthority(name));
        }
    }

    private SslContext context() {
        SslContextBuilder builder = GrpcSslContexts.forClient();
        if (authorities != null) {
            parsed(CA_VARIABLE, authorities, () -> builder.trustManager(authorities.toFile()));
        }
        if (certificate != null && key != null) {
            parsed(KEY_VARIABLE, key, () -> builder.keyManager(certificate.toFile(), key.toFile()));
        }
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new IllegalStateException("no TLS in this JDK", e);
        }
    }

    private static void parsed(String variable, Path file, Runnable take) {
        try {
            take.run();
        } catch (IllegalArgumentException notPem) {
            throw TemporalSettings.wrong(
                    variable,
                    "the file " + file + " is not what is expected: " + notPem.getMessage(),
                    "give PEM: certificates, and a private key in PKCS #8 without a password");
        }
    }
}
