package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceListing;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HubReference;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.prepared.PreparedObjects;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Gives runs the tokenizer and the base model that they began with, whatever became of the
/// sources.
public final class BegunModels {

    private final PreparedObjects objects;
    private final ModelPreparation preparation;

    public BegunModels(ObjectStore store, ModelPreparation preparation) {
        this(new PreparedObjects(store), preparation);
    }

    private BegunModels(PreparedObjects objects, ModelPreparation preparation) {
        this.objects = objects;
        this.preparation = preparation;
    }

    /// The same for one plan, which reads what that plan may.
    BegunModels of(Plan plan) {
        return new BegunModels(objects, preparation.of(plan));
    }

    /// What the run began with, without a look at the sources; where it is gone from the store,
    /// stored again from sources that still give the same bytes.
    ///
    /// @throws TanrenException `PREPARED_GONE` naming tokenizer or base, and what the store throws
    public TrainedOn.Model get(Plan plan, TrainedOn.Model began, Progress progress) {
        boolean there =
                (began.base() == null || objects.has(began.base()))
                        && (began.tokenizer() == null || objects.has(began.tokenizer()));
        if (!there) {
            again(plan, began, progress);
        }
        return began;
    }

    private void again(Plan plan, TrainedOn.Model began, Progress progress) {
        try {
            switch (plan.model()) {
                case ModelSource.Fresh fresh -> tokenizerAgain(fresh, began.tokenizer());
                case ModelSource.Base base -> baseAgain(base.uri(), plan, began.base(), progress);
            }
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.PREPARED_GONE && e.failureClass() == FailureClass.DATA) {
                throw gone(where(began), e.what() + " [" + e.where() + "]");
            }
            throw e;
        }
    }

    private void tokenizerAgain(ModelSource.Fresh fresh, TrainedOn.@Nullable Tokenizer began) {
        String uri = fresh.tokenizer();
        if (uri == null || began == null) {
            return;
        }
        ModelPreparation.FoundTokenizer found = preparation.tokenizer(uri, fresh.architecture());
        if (!found.tokenizer().sha256().equals(began.sha256())) {
            throw gone(
                    "the tokenizer",
                    uri + " is now " + found.tokenizer().sha256() + ", not " + began.sha256());
        }
        preparation.put(found);
    }

    private void baseAgain(
            String uri, Plan plan, TrainedOn.@Nullable Base began, Progress progress) {
        ModelPreparation.FoundBase found = preparation.base(uri, plan, progress);
        if (began == null || !found.base().sha256().equals(began.sha256())) {
            throw gone(
                    "the base model",
                    uri
                            + " is now "
                            + found.base().sha256()
                            + ", not "
                            + (began == null ? "none" : began.sha256()));
        }
        preparation.put(found, progress);
    }

    private static String where(TrainedOn.Model began) {
        return began.base() == null ? "the tokenizer" : "the base model";
    }

    private static TanrenException gone(String what, String why) {
        return new TanrenException(
                ErrorCode.PREPARED_GONE,
                "what the run began with is no longer in the store, and cannot be stored again: "
                        + why,
                what,
                "Put it back as it was when the run began, or submit the plan as a new run.");
    }

    /// How the sources differ from those that the run began with, in words; empty where they do
    /// not. The Hub is not asked: that its branches move on is no news, and its commit is kept.
    public List<String> differences(Plan plan, TrainedOn.Model began, Progress progress) {
        try {
            return switch (plan.model()) {
                case ModelSource.Fresh fresh ->
                        tokenizerDiffers(fresh, began.tokenizer(), progress);
                case ModelSource.Base base ->
                        began.base() == null || HubReference.names(base.uri())
                                ? List.of()
                                : baseDiffers(base.uri(), began.base(), progress);
            };
        } catch (TanrenException e) {
            return List.of(e.what() + " [" + e.where() + "]");
        }
    }

    private List<String> tokenizerDiffers(
            ModelSource.Fresh fresh, TrainedOn.@Nullable Tokenizer began, Progress progress) {
        String uri = fresh.tokenizer();
        if (uri == null || began == null || HubReference.names(uri)) {
            return List.of();
        }
        return new SourceListing(began.files())
                .differences(preparation.tokenizerFiles(uri).files(), progress);
    }

    private List<String> baseDiffers(String uri, TrainedOn.Base began, Progress progress) {
        Map<String, SourceContent> now = HuggingFaceFiles.find(preparation.folder(uri)).files();
        return new SourceListing(began.files()).differences(now, progress);
    }
}
