package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.IntStream;

/// A checkpoint with what transformers and PyTorch make of it, by `tools/fixtures/llama_parity.py`
/// (several steps) or `tools/fixtures/family_parity.py` (one batch).
final class Fixture implements AutoCloseable {

    final Path directory;
    final Decoder decoder;
    final DecoderUses uses;
    final FlatBuffer weights;
    final FlatBuffer gradients;
    private final SafetensorsFile expected;

    Fixture(String name) {
        this(directory(name));
    }

    /// A checkpoint of a family.
    static Fixture family(String name) {
        return new Fixture(resource("/families/" + name));
    }

    Fixture(Path directory) {
        this.directory = directory;
        decoder =
                Decoders.create(
                        HuggingFaceDirectory.open(directory).configuration().architecture());
        weights = FlatBuffer.allocate(decoder.layout());
        gradients = FlatBuffer.allocate(decoder.layout());
        HuggingFaceWeights.load(directory, decoder.layout(), weights);
        decoder.parameters().useWeights(weights);
        uses = new DecoderUses(decoder, gradients);
        expected = SafetensorsFile.open(directory.resolve("expected.safetensors"));
    }

    static Path directory(String name) {
        return resource("/parity/" + name);
    }

    static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(Fixture.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    long[] shape(String tensor) {
        return expected.tensor(tensor).shape().stream().mapToLong(Long::longValue).toArray();
    }

    int[] ints(String tensor) {
        SafetensorsFile.Tensor found = expected.tensor(tensor);
        return IntStream.range(0, (int) found.info().elements())
                .map(i -> found.bytes().get(JAVA_INT_UNALIGNED, i * 4L))
                .toArray();
    }

    double[] numbers(String tensor) {
        SafetensorsFile.Tensor found = expected.tensor(tensor);
        boolean wide = found.dtype().bytes() == Double.BYTES;
        return IntStream.range(0, (int) found.info().elements())
                .mapToDouble(
                        i ->
                                wide
                                        ? found.bytes().get(JAVA_DOUBLE_UNALIGNED, i * 8L)
                                        : found.bytes().get(JAVA_FLOAT_UNALIGNED, i * 4L))
                .toArray();
    }

    /// The batch of a step, rows of one document each.
    MicroBatch batch(int step) {
        long[] shape = shape("tokens");
        int sequences = (int) shape[shape.length - 2];
        int length = (int) shape[shape.length - 1];
        int places = sequences * length;
        int[] tokens =
                java.util.Arrays.copyOfRange(ints("tokens"), step * places, (step + 1) * places);
        int[] targets =
                java.util.Arrays.copyOfRange(ints("labels"), step * places, (step + 1) * places);
        int[] positions = IntStream.range(0, places).map(i -> i % length).toArray();
        return new MicroBatch(sequences, length, tokens, targets, positions, new int[places]);
    }

    double[] parameter(FlatBuffer buffer, ParameterLayout.Entry entry) {
        return IntStream.range(0, (int) entry.elements())
                .mapToDouble(
                        i -> buffer.segment().getAtIndex(JAVA_FLOAT_UNALIGNED, entry.offset() + i))
                .toArray();
    }

    @Override
    public void close() {
        expected.close();
        decoder.close();
        gradients.close();
        weights.close();
    }
}
