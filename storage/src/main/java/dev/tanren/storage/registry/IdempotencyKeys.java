package dev.tanren.storage.registry;

/// Answers of requests that carried an `Idempotency-Key`, kept for a day.
///
/// A reservation names the answer before the work begins, for example the id of the thing that the
/// work will make. Whoever takes over from a holder that died does the same work under the same
/// name, so work that is idempotent by that name is done once, wherever the holder stopped.
public interface IdempotencyKeys {

    /// Reserves a key, or gives what is known of it. Of many callers at once exactly one reserves.
    /// A reservation whose holder neither completed nor released it is free again after ten
    /// seconds. Should that holder live after all, both do the same work under the same name.
    ///
    /// @param bodyHash hash of the request's method, path and body
    /// @param answer what the answer will be
    Outcome reserve(String owner, String key, String bodyHash, String answer);

    /// Records that the work is done. Nothing happens where another holds the key by now.
    void complete(Reserved reservation, int status);

    /// Gives the key back after the work failed; whoever reserves it with the same body next is
    /// told the same answer. Nothing happens where another holds the key by now.
    void release(Reserved reservation);

    sealed interface Outcome {}

    /// The caller holds the key and must do the work.
    ///
    /// @param holder identity of this reservation
    /// @param answer what the answer must be: the caller's own, or that of the holder before it
    record Reserved(String owner, String key, String holder, String answer) implements Outcome {}

    /// Another caller had the key before.
    ///
    /// @param status 0 while that request is still at work
    record Known(String bodyHash, int status, String answer) implements Outcome {}
}
