package dev.tanren.workflows.activity;

import io.temporal.common.SearchAttributeKey;

/// What runs are searched by in Temporal. The namespace must have both, as keywords.
public final class SearchAttributes {

    /// Key of the run's status, such as `running`.
    public static final SearchAttributeKey<String> RUN_STATUS =
            SearchAttributeKey.forKeyword("TanrenRunStatus");

    /// Id of the stage that is at work; a run that has ended has none.
    public static final SearchAttributeKey<String> STAGE =
            SearchAttributeKey.forKeyword("TanrenStage");

    private SearchAttributes() {}
}
