package dev.tanren.storage.weights;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.weights.ExpectedWeights.Weight;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether a model has a head of its own though its configuration ties it to the embedding: the
/// files store `lm_head.weight` with other values. Such a head was trained, so it is used, as
/// transformers 5 does. For one thread.
public final class StoredHead {

    public static final String NAME = "lm_head.weight";

    private final Architecture configured;

    /// The embedding, under the names that files have for it.
    private final String embedding;

    private @Nullable String embeddingHash;
    private @Nullable String headHash;

    /// @param configured as the configuration says
    public StoredHead(Architecture configured) {
        this.configured = configured;
        this.embedding = DecoderFamily.of(configured).before(configured).getFirst().name();
    }

    /// Looks into the next of the model's files.
    ///
    /// @return the head, where the file has one and the configuration ties it
    public Optional<Weight> take(SafetensorsFile file) {
        if (!configured.tieWordEmbeddings()) {
            return Optional.empty();
        }
        for (SafetensorsFile.Tensor tensor : file.tensors()) {
            if (tensor.name().equals(embedding) || embedding.endsWith("." + tensor.name())) {
                embeddingHash = hash(tensor);
            }
        }
        Optional<SafetensorsFile.Tensor> head = file.find(NAME);
        head.ifPresent(tensor -> headHash = hash(tensor));
        return head.map(tensor -> new Weight(NAME, tensor));
    }

    /// What the model really is; to be asked after the last file.
    public Architecture architecture() {
        return headHash == null || headHash.equals(embeddingHash)
                ? configured
                : configured.untied();
    }

    /// The same of files on this machine. Only where one has a head are weights read.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `SAFETENSORS_CORRUPT`
    public static Architecture of(Architecture configured, List<Path> files) {
        StoredHead head = new StoredHead(configured);
        if (configured.tieWordEmbeddings() && files.stream().anyMatch(StoredHead::stored)) {
            for (Path file : files) {
                try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
                    head.take(tensors);
                }
            }
        }
        return head.architecture();
    }

    private static boolean stored(Path file) {
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            return tensors.find(NAME).isPresent();
        }
    }

    private static String hash(SafetensorsFile.Tensor tensor) {
        return tensor.dtype() + " " + tensor.shape() + " " + Sha256.of(tensor.bytes());
    }
}
