package dev.tanren.activities.hub;

import dev.tanren.plan.model.HubReference;
import java.util.SortedMap;

/// The files of a model at one commit, so that a branch that moves on changes nothing.
///
/// @param reference what the plan names
/// @param commit what its revision was when it was asked
/// @param files by their paths; null for a file of which the listing says the name alone
public record HubSnapshot(
        HubReference reference, String commit, SortedMap<String, AnnouncedFile> files) {

    /// What a listing says of a file.
    ///
    /// @param file null where the listing has its name alone
    public record AnnouncedFile(@org.jspecify.annotations.Nullable HubFile file) {}

    /// What errors call a file of it.
    public String where(String file) {
        return "hf://" + reference.repository() + "@" + commit + "/" + file;
    }
}
