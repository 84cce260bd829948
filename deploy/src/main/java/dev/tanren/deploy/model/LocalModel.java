package dev.tanren.deploy.model;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.LocalModelFolder;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.ModelFolder;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.plan.model.WeightFiles;
import dev.tanren.plan.validation.ModelAdvice;
import dev.tanren.plan.validation.ModelCheck;
import dev.tanren.plan.validation.ModelFit;
import dev.tanren.storage.weights.StoredHead;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Looks at the model of a plan where it lies on this machine, as a worker will when a run begins:
/// configuration, names of the weights, tokenizer. What lies elsewhere is not looked at, nor is a
/// path of which nothing is here: it may be the worker's.
public final class LocalModel implements ModelCheck {

    private static final String SCHEME = "file:";

    private final Path planFile;
    private @Nullable Architecture base;

    public LocalModel(Path planFile) {
        this.planFile = planFile;
    }

    /// The shape of the base model that was looked at; null where none was.
    public @Nullable Architecture base() {
        return base;
    }

    @Override
    public List<ModelAdvice> check(Plan plan) {
        return switch (plan.model()) {
            case ModelSource.Base given ->
                    local(given.uri()).map(path -> base(plan, path)).orElse(List.of());
            case ModelSource.Fresh fresh ->
                    Optional.ofNullable(fresh.tokenizer())
                            .flatMap(this::local)
                            .map(path -> tokenizer(fresh.architecture(), path))
                            .orElse(List.of());
        };
    }

    private Optional<Path> local(String uri) {
        if (!uri.startsWith(SCHEME)) {
            return Optional.empty();
        }
        Path path = planFile.resolveSibling(uri.substring(SCHEME.length()));
        return Files.exists(path) ? Optional.of(path) : Optional.empty();
    }

    private List<ModelAdvice> base(Plan plan, Path path) {
        LocalModelFolder folder = new LocalModelFolder(path);
        if (!folder.has(ModelFiles.CONFIGURATION)) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "the model has no " + ModelFiles.CONFIGURATION,
                    folder.where(ModelFiles.CONFIGURATION),
                    "Name a Hugging Face model directory.");
        }
        Architecture configured =
                HuggingFaceConfiguration.read(
                                folder.read(ModelFiles.CONFIGURATION),
                                folder.where(ModelFiles.CONFIGURATION))
                        .architecture();
        List<Path> weights =
                WeightFiles.find(folder).weights().stream().map(path::resolve).toList();
        ModelFit.require(plan, configured);
        Architecture architecture = StoredHead.of(configured, weights);
        base = architecture;
        return ModelAdvice.of(
                architecture,
                folder.has(ModelFiles.TOKENIZER)
                        ? Optional.of(
                                ends(architecture, folder, path.resolve(ModelFiles.TOKENIZER)))
                        : Optional.empty());
    }

    private static List<ModelAdvice> tokenizer(Architecture architecture, Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(ModelFiles.TOKENIZER) : path;
        if (!Files.isRegularFile(file)) {
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "the folder has no " + ModelFiles.TOKENIZER,
                    file.toString(),
                    "Name a Hugging Face tokenizer.json or a folder that has one.");
        }
        LocalModelFolder folder = new LocalModelFolder(file.resolveSibling(""));
        // A configuration beside it is of another model, whose tokens are not this one's.
        return ModelAdvice.end(ends(architecture, folder.only(ModelFiles.OF_TOKENIZER), file))
                .map(List::of)
                .orElse(List.of());
    }

    private static EndTokens ends(Architecture architecture, ModelFolder folder, Path tokenizer) {
        TokenizerVocabulary vocabulary =
                TokenizerVocabulary.read(
                        new LocalModelFolder(tokenizer.resolveSibling(""))
                                .read(String.valueOf(tokenizer.getFileName())),
                        tokenizer.toString());
        vocabulary.requireWithin(architecture.vocabSize(), tokenizer.toString());
        return EndTokens.read(vocabulary, folder, architecture.vocabSize());
    }
}
