package dev.tanren.workflows.temporal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.payload.PayloadKeys;
import dev.tanren.workflows.payload.SealedDataConverter;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where Temporal is, how it is spoken to, and what payloads are sealed with: the same for every
/// worker and control plane.
///
/// @param address `TANREN_TEMPORAL_ADDRESS`, host and port
/// @param namespace `TANREN_TEMPORAL_NAMESPACE`, `default` unless set
/// @param tls null where the connection is not encrypted
/// @param apiKey null where none is sent
/// @param keys of [PayloadKeys#VARIABLE]
public record TemporalSettings(
        String address,
        String namespace,
        @Nullable TemporalTls tls,
        @Nullable TemporalApiKey apiKey,
        PayloadKeys keys) {

    public static final String ADDRESS_VARIABLE = "TANREN_TEMPORAL_ADDRESS";
    public static final String NAMESPACE_VARIABLE = "TANREN_TEMPORAL_NAMESPACE";

    /// Whether to use TLS: `true`, or `false`; unless set, where a file of it or an API key is
    /// named.
    public static final String TLS_VARIABLE = "TANREN_TEMPORAL_TLS";

    /// All that is read, for those who do not read the environment itself.
    public static final List<String> VARIABLES =
            List.of(
                    ADDRESS_VARIABLE,
                    NAMESPACE_VARIABLE,
                    TLS_VARIABLE,
                    TemporalTls.CA_VARIABLE,
                    TemporalTls.CERTIFICATE_VARIABLE,
                    TemporalTls.KEY_VARIABLE,
                    TemporalTls.SERVER_NAME_VARIABLE,
                    TemporalApiKey.VARIABLE,
                    TemporalApiKey.FILE_VARIABLE,
                    PayloadKeys.VARIABLE);

    /// @throws TanrenException `USAGE` naming the variable that is missing or wrong
    public static TemporalSettings from(Map<String, String> environment) {
        String address = environment.getOrDefault(ADDRESS_VARIABLE, "");
        if (address.isBlank()) {
            throw wrong(
                    ADDRESS_VARIABLE, "the environment variable is not set", "set it to HOST:PORT");
        }
        TemporalApiKey apiKey = TemporalApiKey.from(environment);
        return new TemporalSettings(
                address,
                environment.getOrDefault(NAMESPACE_VARIABLE, "default"),
                usesTls(environment, apiKey != null) ? TemporalTls.from(environment) : null,
                apiKey,
                PayloadKeys.from(environment));
    }

    /// A key and a certificate are for a connection that is encrypted, never for another one.
    private static boolean usesTls(Map<String, String> environment, boolean hasApiKey) {
        boolean implied = hasApiKey || TemporalTls.isNamedIn(environment);
        String told = environment.getOrDefault(TLS_VARIABLE, "");
        return switch (told) {
            case "" -> implied;
            case "true" -> true;
            case "false" -> {
                if (implied) {
                    throw wrong(
                            TLS_VARIABLE,
                            "TLS is switched off, and a certificate or an API key is given",
                            "take one of the two away");
                }
                yield false;
            }
            default -> throw wrong(TLS_VARIABLE, "found " + told, "set it to true or false");
        };
    }

    static TanrenException wrong(String variable, String what, String mend) {
        return new TanrenException(ErrorCode.USAGE, what, variable, mend);
    }

    /// How to connect.
    ///
    /// @throws TanrenException `USAGE` where a file that is named cannot be read
    public WorkflowServiceStubsOptions service() {
        WorkflowServiceStubsOptions.Builder options =
                WorkflowServiceStubsOptions.newBuilder().setTarget(address);
        if (tls != null) {
            tls.configure(options);
        }
        if (apiKey != null) {
            options.addApiKey(apiKey::read);
        }
        return options.build();
    }

    /// How a client or worker speaks; who it is can be added.
    public WorkflowClientOptions.Builder client() {
        return WorkflowClientOptions.newBuilder()
                .setNamespace(namespace)
                .setDataConverter(new SealedDataConverter(keys));
    }

    @Override
    public String toString() {
        return "TemporalSettings[" + address + ", " + namespace + "]";
    }
}
