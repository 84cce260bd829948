package dev.tanren.storage.weights;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/// Compares the tensors of a model's files, taken one file after another, with those that its
/// configuration asks for.
///
/// Every one must be there once, with its shape, as F32, BF16 or F16, and nothing else may be,
/// except what does not change the mathematics: stored rotary frequencies, the head of a tied model
/// (by [StoredHead], whether it is one), GPT-2's causal masks. Names may lack the prefix that the
/// model with a head gives them (`model.`, `transformer.`), as in GPT-2's own release. For one
/// thread.
public final class ExpectedWeights {

    private final SequencedMap<String, List<Long>> shapes;

    /// What comes before all names but that of the head.
    private final String prefix;

    private final Set<String> found = new HashSet<>();

    /// @param shapes by name, that of the embedding first
    public ExpectedWeights(SequencedMap<String, List<Long>> shapes) {
        this.shapes = shapes;
        String first = shapes.firstEntry().getKey();
        this.prefix = first.substring(0, first.indexOf('.') + 1);
    }

    /// A tensor that is expected, under the name by which it is.
    public record Weight(String name, SafetensorsFile.Tensor tensor) {}

    /// @param where what errors call the file
    /// @return the file's weights, as they lie in it
    /// @throws TanrenException `MODEL_TENSOR_MISMATCH` or `MODEL_UNSUPPORTED` naming file and
    ///     tensor
    public List<Weight> take(SafetensorsFile file, String where) {
        List<Weight> weights = new ArrayList<>();
        for (SafetensorsFile.Tensor tensor : file.tensors()) {
            String name = expectedName(tensor.name());
            List<Long> shape = shapes.get(name);
            if (shape == null) {
                requireHarmless(tensor.name(), where);
                continue;
            }
            if (!found.add(name)) {
                throw mismatch("tensor `" + name + "` is there a second time", where);
            }
            requireShape(name, tensor.shape(), shape, where);
            requireElementType(name, tensor.dtype(), where);
            weights.add(new Weight(name, tensor));
        }
        return weights;
    }

    /// Holds a head that the configuration ties, and that is stored all the same, to the
    /// embedding's shape.
    ///
    /// @throws TanrenException as [#take]
    public void requireHead(Weight head, String where) {
        requireShape(head.name(), head.tensor().shape(), shapes.firstEntry().getValue(), where);
        requireElementType(head.name(), head.tensor().dtype(), where);
    }

    /// To be called after the last file.
    ///
    /// @param where what errors call the folder
    /// @throws TanrenException `MODEL_TENSOR_MISMATCH` naming tensors that no file had
    public void requireAll(String where) {
        List<String> missing =
                shapes.keySet().stream().filter(name -> !found.contains(name)).toList();
        if (!missing.isEmpty()) {
            throw mismatch(
                    missing.size()
                            + " tensors are missing: "
                            + missing.stream()
                                    .limit(3)
                                    .collect(Collectors.joining("`, `", "`", "`"))
                            + (missing.size() > 3 ? " and others" : ""),
                    where);
        }
    }

    private String expectedName(String stored) {
        String prefixed = prefix + stored;
        return shapes.containsKey(prefixed) ? prefixed : stored;
    }

    private void requireHarmless(String name, String where) {
        boolean harmless =
                name.equals(StoredHead.NAME)
                        || name.endsWith(".rotary_emb.inv_freq")
                        || name.endsWith(".attn.bias")
                        || name.endsWith(".attn.masked_bias");
        if (!harmless) {
            throw mismatch(
                    "tensor `"
                            + name
                            + "` is none of the "
                            + shapes.size()
                            + " parameters that the configuration asks for",
                    where);
        }
    }

    private static void requireShape(
            String name, List<Long> found, List<Long> expected, String where) {
        if (!found.equals(expected)) {
            throw mismatch(
                    "tensor `"
                            + name
                            + "` has the shape "
                            + found
                            + ", and the configuration asks for "
                            + expected,
                    where);
        }
    }

    private static void requireElementType(String name, Dtype dtype, String where) {
        if (!FiniteNumbers.KNOWN.contains(dtype)) {
            throw new TanrenException(
                    ErrorCode.MODEL_UNSUPPORTED,
                    "tensor `" + name + "` is stored as " + dtype + ", not as F32, BF16 or F16",
                    where,
                    "Convert the weights to one of these element types.");
        }
    }

    private static TanrenException mismatch(String what, String where) {
        return new TanrenException(
                ErrorCode.MODEL_TENSOR_MISMATCH,
                what,
                where,
                "Check that `config.json` and the weights are of the same model.");
    }
}
