package dev.tanren.inference;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import dev.tanren.launch.DjlSettings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.tokens.PackedBlocks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/// A model from a DJL bundle. Not safe for use by more than one thread.
public final class LanguageModel implements AutoCloseable {

    static final String ENGINE = "PyTorch";

    private static final String MODEL_FILE = "model.pt";

    private final Model model;
    private final Predictor<NDList, NDList> predictor;
    private final String where;

    private LanguageModel(Model model, String where) {
        this.model = model;
        this.predictor = model.newPredictor(new NoopTranslator(null));
        this.where = where;
    }

    /// @param bundle folder with `model.pt`
    /// @throws TanrenException `MODEL_MISSING` where the file is not there; `MODEL_UNSUPPORTED`
    ///     where it is no TorchScript that this runtime loads
    public static LanguageModel load(Path bundle) {
        DjlSettings.apply();
        if (!Files.isRegularFile(bundle.resolve(MODEL_FILE))) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "the DJL bundle has no " + MODEL_FILE,
                    bundle.toString(),
                    "Export the stage with the format djl.");
        }
        Model model = Model.newInstance("model", ENGINE);
        try {
            model.load(bundle, "model");
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw new TanrenException(
                    ErrorCode.MODEL_UNSUPPORTED,
                    "DJL cannot load the model: " + e.getMessage(),
                    bundle.resolve(MODEL_FILE).toString(),
                    "Export it again with this version of Tanren.",
                    e);
        }
        return new LanguageModel(model, bundle.toString());
    }

    /// A scope for tensors; closing it frees all that were made in it.
    NDManager scope() {
        return model.getNDManager().newSubManager();
    }

    /// Logits of a batch of blocks of equal length.
    ///
    /// @return float32 [batch, sequence, vocabulary], owned by `scope`
    NDArray logits(NDManager scope, List<PackedBlocks.Block> blocks) {
        NDArray tokens_BT = tensor(scope, blocks, PackedBlocks.Block::tokens);
        NDArray positions_BT = tensor(scope, blocks, PackedBlocks.Block::positions);
        NDArray documents_BT = tensor(scope, blocks, PackedBlocks.Block::documents);
        NDList outputs;
        try {
            outputs = predictor.predict(new NDList(tokens_BT, positions_BT, documents_BT));
        } catch (TranslateException e) {
            throw new TanrenException(
                    ErrorCode.MODEL_UNSUPPORTED,
                    "the model fails on a block of tokens: " + e.getMessage(),
                    where,
                    "Export it again with this version of Tanren; if it fails again, report it.",
                    e);
        }
        outputs.attach(scope);
        NDArray logits_BTV = outputs.getFirst();
        Shape shape = logits_BTV.getShape();
        if (shape.dimension() != 3 || shape.get(1) != tokens_BT.getShape().get(1)) {
            throw new TanrenException(
                    ErrorCode.MODEL_UNSUPPORTED,
                    "the model gives " + shape + ", expected [batch, sequence, vocabulary]",
                    where,
                    "Use a bundle that Tanren exported.");
        }
        return logits_BTV;
    }

    static NDArray tensor(
            NDManager scope,
            List<PackedBlocks.Block> blocks,
            Function<PackedBlocks.Block, int[]> part) {
        int length = part.apply(blocks.getFirst()).length;
        long[] values = new long[blocks.size() * length];
        for (int block = 0; block < blocks.size(); block++) {
            int[] row = part.apply(blocks.get(block));
            for (int at = 0; at < length; at++) {
                values[block * length + at] = row[at];
            }
        }
        return scope.create(values, new Shape(blocks.size(), length));
    }

    @Override
    public void close() {
        predictor.close();
        model.close();
    }
}
