package dev.tanren.activities.source;

/// Told a few times a second how far long work has come, from the thread that does it.
@FunctionalInterface
public interface Progress {

    Progress NONE = (what, done) -> {};

    /// May throw to end the work early; nothing is published then.
    ///
    /// @param what such as `tokenising`
    /// @param done documents or bytes so far
    void at(String what, long done);

    /// The same of documents whose size is known.
    default void at(String what, long documents, long bytes) {
        at(what, documents);
    }
}
