package dev.tanren.controlplane.description;

import dev.tanren.plan.run.RunState;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.jspecify.annotations.Nullable;

/// What parameters of calls may be. The resources take them as texts, so that a wrong one is
/// refused in our words.
final class Limits {

    private static final String RUN_ID = "^[0-9a-hjkmnp-tv-z]{26}$";
    private static final String TOKEN_ID = "^[\\w-]{1,64}$";
    private static final String STAGE_ID = "^[a-z0-9-]{1,63}$";

    /// No control characters but tab and line breaks.
    static final String TEXT = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$";

    private static final String DEVICE =
            "^(cpu|worker|h100-sxm|h100-pcie|h200|a100-40|a100-80|[1-9][0-9]{0,5}(MB|GB|MiB|GiB))$";

    private static final long MOST = 999_999_999;

    private static final Map<String, Schema> BY_NAME =
            Map.ofEntries(
                    Map.entry("path stage", Schemas.text(STAGE_ID)),
                    Map.entry("query stage", Schemas.text(STAGE_ID)),
                    Map.entry("path step", whole(0, MOST)),
                    Map.entry("path attempt", whole(0, MOST)),
                    Map.entry("query attempt", whole(0, MOST)),
                    Map.entry("path rank", whole(0, MOST)),
                    Map.entry("query rank", whole(0, MOST)),
                    Map.entry("query from", whole(1, MOST).defaultValue(1)),
                    Map.entry("query points", whole(1, 100_000).defaultValue(1_000)),
                    Map.entry("query tail", whole(0, 100_000).defaultValue(1_000)),
                    Map.entry("query limit", whole(1, 200).defaultValue(50)),
                    Map.entry("query cursor", Schemas.text(RUN_ID)),
                    Map.entry("query actor", Schemas.text(TEXT)),
                    Map.entry("query subject", Schemas.text(TEXT)),
                    Map.entry("query since", Schemas.moment()),
                    Map.entry("query until", Schemas.moment()),
                    Map.entry(
                            "query format",
                            Schemas.words(List.of("json", "csv")).defaultValue("json")),
                    Map.entry("query action", Schemas.text(TEXT)),
                    Map.entry(
                            "path action",
                            Schemas.words(List.of("pause", "resume", "cancel", "retry"))),
                    Map.entry("query device", Schemas.text(DEVICE)),
                    Map.entry("query name", Schemas.text(TEXT)),
                    Map.entry("query owner", Schemas.text(TEXT)),
                    Map.entry("query reason", Schemas.text(TEXT).maxLength(1_000)),
                    Map.entry("path name", Schemas.text(TEXT)),
                    Map.entry("header Idempotency-Key", Schemas.text("^[\\x21-\\x7e]{1,200}$")),
                    Map.entry("header Last-Event-ID", Schemas.text(position())),
                    Map.entry("query after", Schemas.text(position())));

    private Limits() {}

    private static String position() {
        return "^([0-9]{1,18}(/[a-z0-9-]{1,63}/[0-9]{1,9}/[0-9]{1,18})?)?$";
    }

    /// An empty parameter is as if it were not there.
    private static Schema orNothing(Schema schema) {
        return Schemas.either(schema, Schemas.text("^$"));
    }

    private static Schema whole(long least, long most) {
        return Schemas.of(SchemaType.INTEGER, null)
                .minimum(BigDecimal.valueOf(least))
                .maximum(BigDecimal.valueOf(most));
    }

    /// @param path of the call
    /// @return null where the parameter is to be left as it is
    static @Nullable Schema of(String path, Parameter parameter) {
        String in = String.valueOf(parameter.getIn());
        if (in.equals("path") && parameter.getName().equals("id")) {
            return Schemas.text(path.startsWith("/api/v1/tokens") ? TOKEN_ID : RUN_ID);
        }
        if (path.equals("/api/v1/audit") && parameter.getName().equals("cursor")) {
            return orNothing(Schemas.text("^[0-9]{1,18}$"));
        }
        if (in.equals("query") && parameter.getName().equals("status")) {
            return Schemas.array(
                    orNothing(
                            Schemas.words(
                                    Arrays.stream(RunState.values()).map(RunState::key).toList())));
        }
        Schema limited = BY_NAME.get(in + " " + parameter.getName());
        return limited != null && in.equals("query") ? orNothing(limited) : limited;
    }
}
