package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.weights.ExpectedWeights;
import dev.tanren.storage.weights.ExpectedWeights.Weight;
import dev.tanren.storage.weights.FiniteNumbers;
import dev.tanren.storage.weights.StoredHead;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;

/// Looks through a model's weights as the trainer would when it loads them: header, names, shapes,
/// element types and every number. Files are mapped, not read into memory.
final class WeightsInspection {

    /// The codes of what is wrong with the weights themselves, however often they are read.
    static final Set<ErrorCode> REFUSALS =
            EnumSet.of(
                    ErrorCode.SAFETENSORS_CORRUPT,
                    ErrorCode.MODEL_TENSOR_MISMATCH,
                    ErrorCode.MODEL_UNSUPPORTED,
                    ErrorCode.MODEL_NOT_FINITE);

    private final ExpectedWeights expected;
    private final StoredHead head;
    private final Progress progress;

    WeightsInspection(Architecture architecture, Progress progress) {
        this.head = new StoredHead(architecture);
        this.expected = new ExpectedWeights(DecoderFamily.tensors(architecture));
        this.progress = progress;
    }

    /// @param file all bytes of one of safetensors
    /// @param where what errors call it
    /// @throws TanrenException of [#REFUSALS], naming file and tensor
    void look(MemorySegment file, String where) {
        long done = 0;
        try (SafetensorsFile tensors = SafetensorsFile.of(where, file)) {
            for (Weight weight : expected.take(tensors, where)) {
                FiniteNumbers.require(weight, where, FiniteNumbers::everyThread);
                done += weight.tensor().bytes().byteSize();
                progress.at("checking", done);
            }
            head.take(tensors)
                    .ifPresent(
                            weight -> {
                                expected.requireHead(weight, where);
                                FiniteNumbers.require(weight, where, FiniteNumbers::everyThread);
                            });
        }
    }

    /// @throws TanrenException `MODEL_TENSOR_MISMATCH` naming tensors that no file had
    void requireAll(String where) {
        expected.requireAll(where);
    }

    /// What the model is by its weights, after the last file.
    Architecture architecture() {
        return head.architecture();
    }
}
