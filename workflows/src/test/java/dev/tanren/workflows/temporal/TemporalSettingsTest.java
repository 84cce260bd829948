package dev.tanren.workflows.temporal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.workflows.payload.PayloadKeys;
import dev.tanren.workflows.payload.SealedDataConverter;
import dev.tanren.workflows.testing.TestKeys;
import io.grpc.Metadata;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemporalSettingsTest {

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir private Path folder;

    @Test
    void withAnAddressAndAKeyAloneTheConnectionIsPlainAndPayloadsAreSealed() {
        TemporalSettings settings = TemporalSettings.from(environment());

        assertThat(settings.service().getTarget()).isEqualTo("127.0.0.1:7233");
        assertThat(settings.service().getSslContext()).isNull();
        assertThat(settings.service().getGrpcMetadataProviders()).isNullOrEmpty();
        assertThat(settings.client().build().getNamespace()).isEqualTo("default");
        assertThat(settings.client().build().getDataConverter())
                .isInstanceOf(SealedDataConverter.class);
    }

    @Test
    void anApiKeyGoesWithEveryCallAndOverTlsAlone() throws Exception {
        WorkflowServiceStubsOptions given = service("TANREN_TEMPORAL_API_KEY", "k1");
        assertThat(given.getSslContext()).isNotNull();
        assertThat(sent(given)).isEqualTo("Bearer k1");

        Path file = Files.writeString(folder.resolve("key"), "k2\n");
        WorkflowServiceStubsOptions read = service("TANREN_TEMPORAL_API_KEY_FILE", file.toString());
        assertThat(read.getSslContext()).isNotNull();
        assertThat(sent(read)).isEqualTo("Bearer k2");
        Files.writeString(file, "k3\n");
        assertThat(sent(read)).as("without a restart").isEqualTo("Bearer k3");
    }

    @Test
    void whatDoesNotGoTogetherIsRefusedByItsName() throws Exception {
        Path file = Files.writeString(folder.resolve("no.pem"), "nothing");
        Map<Map<String, String>, String> wrong =
                Map.of(
                        Map.of("TANREN_TEMPORAL_TLS", "yes"),
                        "TANREN_TEMPORAL_TLS",
                        Map.of("TANREN_TEMPORAL_TLS", "false", "TANREN_TEMPORAL_API_KEY", "k"),
                        "TANREN_TEMPORAL_TLS",
                        Map.of("TANREN_TEMPORAL_TLS_CERTIFICATE_FILE", file.toString()),
                        "TANREN_TEMPORAL_TLS_KEY_FILE",
                        Map.of("TANREN_TEMPORAL_TLS_KEY_FILE", file.toString()),
                        "TANREN_TEMPORAL_TLS_CERTIFICATE_FILE",
                        Map.of("TANREN_TEMPORAL_TLS_CA_FILE", "/no/such/file"),
                        "TANREN_TEMPORAL_TLS_CA_FILE",
                        Map.of("TANREN_TEMPORAL_TLS_CA_FILE", file.toString()),
                        "TANREN_TEMPORAL_TLS_CA_FILE",
                        Map.of("TANREN_TEMPORAL_API_KEY_FILE", "/no/such/file"),
                        "TANREN_TEMPORAL_API_KEY_FILE",
                        Map.of(
                                "TANREN_TEMPORAL_API_KEY",
                                "k",
                                "TANREN_TEMPORAL_API_KEY_FILE",
                                file.toString()),
                        "TANREN_TEMPORAL_API_KEY_FILE",
                        Map.of("TANREN_TEMPORAL_ADDRESS", ""),
                        "TANREN_TEMPORAL_ADDRESS",
                        Map.of(PayloadKeys.VARIABLE, ""),
                        PayloadKeys.VARIABLE);
        wrong.forEach(
                (variables, named) ->
                        assertThatThrownBy(() -> with(variables).service())
                                .as(variables.toString())
                                .isInstanceOf(TanrenException.class)
                                .hasMessageContaining("[" + named + "]"));
    }

    @Test
    void nothingSecretIsShown() {
        assertThat(with(Map.of("TANREN_TEMPORAL_API_KEY", "k1")).toString())
                .isEqualTo("TemporalSettings[127.0.0.1:7233, default]");
    }

    private static String sent(WorkflowServiceStubsOptions options) {
        return options.getGrpcMetadataProviders()
                .iterator()
                .next()
                .getMetadata()
                .get(AUTHORIZATION);
    }

    private static WorkflowServiceStubsOptions service(String variable, String value) {
        return with(Map.of(variable, value)).service();
    }

    private static TemporalSettings with(Map<String, String> variables) {
        Map<String, String> environment = environment();
        environment.putAll(variables);
        return TemporalSettings.from(environment);
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("TANREN_TEMPORAL_ADDRESS", "127.0.0.1:7233");
        environment.put(PayloadKeys.VARIABLE, TestKeys.WRITTEN);
        return environment;
    }
}
