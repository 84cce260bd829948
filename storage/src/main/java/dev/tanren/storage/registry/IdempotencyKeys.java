package dev.tanren.storage.registry;

import java.util.Optional;

/// Answers of requests that carried an `Idempotency-Key`, kept for a day.
public interface IdempotencyKeys {

    /// Reserves a key, or gives what is known of it. Of many callers at once exactly one reserves.
    ///
    /// @param bodyHash hash of the request's method, path and body
    /// @return empty when the caller has reserved it and must do the work
    Optional<Known> reserve(String owner, String key, String bodyHash);

    void complete(String owner, String key, int status, String answer);

    /// Gives the key back after the work failed.
    void release(String owner, String key);

    /// @param status 0 while the first request is still at work
    record Known(String bodyHash, int status, String answer) {}
}
