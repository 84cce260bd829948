package dev.tanren.storage.tokens;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How far the preparation of a dataset has come: the data of a `dataset.progress` event, from
/// which the API shows it.
///
/// @param doing such as `reading` or `tokenising`
/// @param done so many units so far
/// @param unit `files`, `documents` or `shards`
/// @param bytes of text that they are; null where that is not known
public record PreparingDataset(
        String dataset, String doing, long done, String unit, @Nullable Long bytes) {

    /// The type of the event.
    public static final String EVENT = "dataset.progress";

    /// For people, in one line.
    public String sentence() {
        return String.format(
                Locale.ROOT,
                "dataset %s is being prepared: %s, %,d %s%s so far",
                dataset,
                doing,
                done,
                unit,
                bytes == null ? "" : String.format(Locale.ROOT, ", %,d bytes", bytes));
    }
}
