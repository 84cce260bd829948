package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.minio.errors.MinioException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/// Runs a request, tries it again while what failed may pass, and turns what remains into a coded
/// error.
final class Retrier {

    private final RetryPolicy policy;
    private final String endpoint;

    Retrier(RetryPolicy policy, String endpoint) {
        this.policy = policy;
        this.endpoint = endpoint;
    }

    /// One try of a request, answer read to its end.
    @FunctionalInterface
    interface Request<T> {
        /// @param tries which one this is, from 1 on
        T run(int tries) throws Exception;
    }

    /// @throws TanrenException of the storage class
    /// @throws PreconditionFailed when the store answers 412
    <T> T run(String doing, String key, Request<T> request) {
        long start = System.nanoTime();
        boolean connected = false;
        for (int tries = 1; ; tries++) {
            StoreFailure failure;
            try {
                return request.run(tries);
            } catch (InterruptedException e) {
                throw interrupted(doing, key, e);
            } catch (TanrenException e) {
                throw e;
            } catch (IllegalArgumentException | IllegalStateException e) {
                failure = StoreFailure.of(hidden(e));
            } catch (Exception e) {
                failure = StoreFailure.of(unwrapped(e));
            }
            StoreFailure.Passing passing = passingOrThrow(failure, doing, key);
            connected |= passing.connected();
            Duration delay = policy.delayAfter(tries);
            if (!policy.allows(tries, Duration.ofNanos(System.nanoTime() - start).plus(delay))) {
                throw deadline(connected, passing.message(), doing, key, tries);
            }
            sleep(delay, doing, key);
        }
    }

    private StoreFailure.Passing passingOrThrow(StoreFailure failure, String doing, String key) {
        return switch (failure) {
            case StoreFailure.Passing passing -> passing;
            case StoreFailure.Missing missing ->
                    throw new TanrenException(
                            ErrorCode.OBJECT_MISSING,
                            "no such object: " + missing.message(),
                            key,
                            "It was removed or never written; `checkpoint verify` shows what is"
                                    + " left.");
            case StoreFailure.Precondition precondition ->
                    throw new PreconditionFailed(precondition.message());
            case StoreFailure.Refused refused ->
                    throw new TanrenException(
                            ErrorCode.STORE_REFUSED,
                            "could not " + doing + ": " + refused.message(),
                            endpoint + " " + key,
                            "Check the access key, its rights, the bucket and this machine's"
                                    + " clock.");
            case StoreFailure.Full _ ->
                    throw new TanrenException(
                            ErrorCode.STORE_FULL,
                            "the object store is full: no room to " + doing,
                            endpoint + " " + key,
                            "Free space in the store or keep fewer checkpoints; then retry or resume.");
            case StoreFailure.OutOfRange range ->
                    throw new TanrenException(
                            ErrorCode.OBJECT_CORRUPT,
                            "the object is shorter than expected: " + range.message(),
                            key,
                            "Verify the checkpoint or dataset it belongs to.");
        };
    }

    private TanrenException deadline(
            boolean connected, String message, String doing, String key, int tries) {
        return new TanrenException(
                connected ? ErrorCode.STORE_DEADLINE : ErrorCode.STORE_UNREACHABLE,
                "could not "
                        + doing
                        + " within "
                        + policy.deadline().toMillis()
                        + " ms, in "
                        + tries
                        + " tries; the last one: "
                        + message,
                endpoint + " " + key,
                connected
                        ? "The store answers too slowly or with errors: look at its logs and at its disk."
                        : "Start the store, or mend its address or the network.");
    }

    private void sleep(Duration delay, String doing, String key) {
        try {
            Thread.sleep(delay);
        } catch (InterruptedException e) {
            throw interrupted(doing, key, e);
        }
    }

    private TanrenException interrupted(String doing, String key, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new TanrenException(
                ErrorCode.STORE_DEADLINE,
                "was told to stop while it tried to " + doing,
                endpoint + " " + key,
                "Nothing to mend: it is tried again when the work is.",
                cause);
    }

    /// Where the client's listing breaks off, it hides the reason in an `IllegalStateException`.
    private static Throwable hidden(RuntimeException failure) {
        Throwable inner = failure.getCause();
        if (inner instanceof IOException || inner instanceof MinioException) {
            return inner;
        }
        throw failure;
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable inner = failure;
        while ((inner instanceof ExecutionException || inner instanceof CompletionException)
                && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /// The store refused a conditional request. Never leaves this package.
    static final class PreconditionFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PreconditionFailed(String message) {
            super(message, null, false, false);
        }
    }
}
