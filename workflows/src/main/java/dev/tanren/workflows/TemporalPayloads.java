package dev.tanren.workflows;

import dev.tanren.spec.json.Json;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;

/// How records travel through Temporal: as the JSON of [Json], on every client and worker alike.
///
/// Arguments are ids, URIs and the plan; a payload above 2 MB is refused by the service.
public final class TemporalPayloads {

    private static final DataConverter CONVERTER =
            DefaultDataConverter.newDefaultInstance()
                    .withPayloadConverterOverrides(new JacksonJsonPayloadConverter(Json.mapper()));

    private TemporalPayloads() {}

    /// Shared and immutable.
    public static DataConverter converter() {
        return CONVERTER;
    }
}
