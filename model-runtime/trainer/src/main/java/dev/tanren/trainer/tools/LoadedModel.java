package dev.tanren.trainer.tools;

import dev.tanren.trainer.model.HuggingFaceDirectory;
import dev.tanren.trainer.model.HuggingFaceWeights;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.nio.file.Path;

/// A Hugging Face folder as a decoder with its weights, for inference.
record LoadedModel(HuggingFaceDirectory directory, Decoder decoder, FlatBuffer weights)
        implements AutoCloseable {

    static LoadedModel load(Path folder, int threads) {
        HuggingFaceDirectory directory = HuggingFaceDirectory.open(folder);
        NativeRuntime.configure(threads);
        Decoder decoder = Decoders.create(directory.configuration().architecture());
        FlatBuffer weights = FlatBuffer.allocate(decoder.layout());
        try {
            HuggingFaceWeights.load(folder, decoder.layout(), weights);
        } catch (RuntimeException e) {
            decoder.close();
            weights.close();
            throw e;
        }
        decoder.parameters().useWeights(weights);
        return new LoadedModel(directory, decoder, weights);
    }

    @Override
    public void close() {
        decoder.close();
        weights.close();
    }
}
