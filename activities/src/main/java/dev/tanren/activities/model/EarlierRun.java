package dev.tanren.activities.model;

import dev.tanren.activities.source.SourceFolder;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The model that an export stage of an earlier run published: `run:<id>/<stage>`.
record EarlierRun(String runId, String stageId) {

    private static final Pattern URI = Pattern.compile("run:([\\w.-]+)/([\\w.-]+)");

    /// @return empty for other schemes
    static Optional<EarlierRun> parse(String uri) {
        Matcher parts = URI.matcher(uri);
        return parts.matches()
                ? Optional.of(new EarlierRun(parts.group(1), parts.group(2)))
                : Optional.empty();
    }

    /// Its Hugging Face directory. The export's manifest, which is written last, must be there.
    ///
    /// @throws TanrenException `MODEL_MISSING`
    SourceFolder published(ObjectStore store) {
        String artifacts = "runs/" + runId + "/" + stageId + "/artifacts/";
        SourceFolder folder = new SourceFolder.StoredFolder(store, "", artifacts + "huggingface/");
        boolean whole =
                store.find(artifacts + "manifest.json").isPresent()
                        && folder.file(HuggingFaceFiles.CONFIGURATION).isPresent();
        if (store.list("runs/" + runId + "/").isEmpty()) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "nothing is stored of run " + runId + ": it was deleted, or never was",
                    "run:" + runId + "/" + stageId,
                    "Name a run that ./tanren run list shows, and a stage of it that exports.");
        }
        if (!whole) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "the stage '"
                            + stageId
                            + "' of run "
                            + runId
                            + " has published no Hugging Face directory",
                    "run:" + runId + "/" + stageId,
                    "Name an export stage whose formats have huggingface, and wait until it has"
                            + " ended; a training stage's weights are published by such a stage.");
        }
        return folder;
    }
}
