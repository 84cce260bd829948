package dev.tanren.storage.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The JSON header, parsed as a stream: what it takes is proportional to the header, which is
/// capped, whatever numbers the header holds.
final class SafetensorsHeader {

    /// More dimensions than any tensor library allows; the format itself has no limit.
    private static final int MOST_DIMENSIONS = 64;

    private static final String METADATA = "__metadata__";
    private static final JsonFactory JSON =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private final String file;
    private final Map<String, String> metadata = new TreeMap<>();
    private final List<Entry> entries = new ArrayList<>();

    private record Entry(TensorInfo info, long begin, long end) {}

    private SafetensorsHeader(String file) {
        this.file = file;
    }

    /// @param dataBytes how many bytes follow the header
    static SafetensorsHeader parse(String file, MemorySegment json, long dataBytes) {
        SafetensorsHeader header = new SafetensorsHeader(file);
        header.parse(json);
        header.entries.sort(
                Comparator.comparingLong(Entry::begin)
                        .thenComparingLong(Entry::end)
                        .thenComparing(entry -> entry.info().name()));
        header.requireFilled(dataBytes);
        return header;
    }

    Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    Map<String, SafetensorsFile.Tensor> slices(MemorySegment data) {
        Map<String, SafetensorsFile.Tensor> slices = new LinkedHashMap<>();
        for (Entry entry : entries) {
            MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
            slices.put(
                    entry.info().name(),
                    new SafetensorsFile.Tensor(entry.info(), entry.begin(), bytes));
        }
        return slices;
    }

    private void parse(MemorySegment json) {
        byte[] text = json.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        if (text.length == 0 || text[0] != '{') {
            throw corrupt("", "its header does not begin with `{`");
        }
        requireUtf8(text);
        try (JsonParser parser = JSON.createParser(text)) {
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                if (name.equals(METADATA)) {
                    metadata(parser);
                } else {
                    entries.add(entry(parser, name));
                }
            }
            if (parser.nextToken() != null) {
                throw corrupt("", "something follows its header's JSON");
            }
        } catch (IOException e) {
            throw corrupt(
                    "",
                    "its header is not strict JSON: "
                            + SafetensorsFile.printable(String.valueOf(e.getMessage())));
        }
    }

    /// The JSON parser lets some malformed sequences pass.
    private void requireUtf8(byte[] text) {
        try {
            var decoder = StandardCharsets.UTF_8.newDecoder();
            var source = java.nio.ByteBuffer.wrap(text);
            var sink = java.nio.CharBuffer.allocate(8192);
            java.nio.charset.CoderResult result;
            do {
                sink.clear();
                result = decoder.decode(source, sink, true);
                if (result.isError()) {
                    result.throwException();
                }
            } while (result.isOverflow());
        } catch (CharacterCodingException e) {
            throw corrupt("", "its header is not UTF-8");
        }
    }

    private void metadata(JsonParser parser) throws IOException {
        expect(parser.nextToken(), JsonToken.START_OBJECT, METADATA, "metadata is not an object");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            expect(
                    parser.nextToken(),
                    JsonToken.VALUE_STRING,
                    METADATA,
                    "metadata `" + SafetensorsFile.printable(key) + "` is not a string");
            metadata.put(key, parser.getText());
        }
    }

    private Entry entry(JsonParser parser, String name) throws IOException {
        expect(parser.nextToken(), JsonToken.START_OBJECT, name, "it is not a JSON object");
        @Nullable Dtype dtype = null;
        @Nullable List<Long> shape = null;
        @Nullable List<Long> offsets = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (key) {
                case "dtype" -> dtype = dtype(value, parser, name);
                case "shape" -> shape = numbers(value, parser, name, MOST_DIMENSIONS);
                case "data_offsets" -> offsets = numbers(value, parser, name, 2);
                default ->
                        throw corrupt(name, "unknown key `" + SafetensorsFile.printable(key) + "`");
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
            throw corrupt(name, "it needs dtype, shape and two data_offsets");
        }
        return sized(new TensorInfo(name, dtype, shape), offsets.get(0), offsets.get(1));
    }

    private Dtype dtype(@Nullable JsonToken value, JsonParser parser, String name)
            throws IOException {
        expect(value, JsonToken.VALUE_STRING, name, "its dtype is not a string");
        String found = parser.getText();
        Optional<Dtype> dtype = Dtype.named(found);
        return dtype.orElseThrow(
                () -> corrupt(name, "unknown dtype `" + SafetensorsFile.printable(found) + "`"));
    }

    private List<Long> numbers(@Nullable JsonToken first, JsonParser parser, String name, int most)
            throws IOException {
        expect(first, JsonToken.START_ARRAY, name, "shape or data_offsets is not an array");
        List<Long> numbers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, name, "not an integer");
            boolean fits = parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
            if (!fits || parser.getLongValue() < 0) {
                throw corrupt(name, "a dimension or offset is negative or above 63 bits");
            }
            if (numbers.size() == most) {
                throw corrupt(name, "more than " + most + " dimensions or offsets");
            }
            numbers.add(parser.getLongValue());
        }
        return numbers;
    }

    private Entry sized(TensorInfo info, long begin, long end) {
        try {
            if (end >= begin && info.bytes() == end - begin) {
                return new Entry(info, begin, end);
            }
        } catch (ArithmeticException e) {
            throw corrupt(info.name(), "its size overflows: " + info.shape());
        }
        throw corrupt(
                info.name(),
                info.dtype()
                        + " "
                        + info.shape()
                        + " needs "
                        + info.bytes()
                        + " bytes, but its data_offsets are "
                        + begin
                        + " to "
                        + end);
    }

    private void requireFilled(long dataBytes) {
        long at = 0;
        for (Entry entry : entries) {
            if (entry.begin() != at) {
                throw corrupt(
                        entry.info().name(),
                        "it begins at byte "
                                + entry.begin()
                                + (entry.begin() < at ? ", inside" : ", with a hole after")
                                + " what ends at "
                                + at);
            }
            at = entry.end();
            if (at > dataBytes) {
                throw corrupt(
                        entry.info().name(),
                        "the file breaks off before this tensor's end at byte "
                                + at
                                + " of the "
                                + dataBytes
                                + " that follow");
            }
        }
        if (at != dataBytes) {
            throw corrupt(
                    "", "its tensors end at byte " + at + " of the " + dataBytes + " that follow");
        }
    }

    private void expect(@Nullable JsonToken found, JsonToken expected, String tensor, String what) {
        if (found != expected) {
            throw corrupt(tensor, what);
        }
    }

    private TanrenException corrupt(String tensor, String what) {
        return SafetensorsFile.corrupt(file, tensor, what);
    }
}
