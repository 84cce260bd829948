package dev.tanren.storage.objects;

/// How bytes move to and from the store.
///
/// @param partBytes size of a part of an upload and of a range of a read; S3 wants 5 MiB at least
///     and takes 10,000 parts at most, so larger objects get larger parts
/// @param signedBytes of objects up to it the store checks the hash before they are visible, for
///     which a store holds them in memory
/// @param multipartBytes objects above it go in parts, which several connections send at once and
///     a store may have to copy together in the end
/// @param parallel parts or ranges of one object that move at the same time
public record TransferSettings(
        long partBytes, long signedBytes, long multipartBytes, int parallel, RetryPolicy retries) {

    private static final long MEBIBYTE = 1024L * 1024L;
    private static final long LEAST_PART = 5 * MEBIBYTE;
    private static final int MOST_PARTS = 10_000;

    public TransferSettings {
        if (partBytes < LEAST_PART || partBytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "partBytes must be 5 MiB to 2 GiB, not " + partBytes);
        }
        if (multipartBytes < partBytes) {
            throw new IllegalArgumentException("multipartBytes must not be less than partBytes");
        }
        if (parallel < 1) {
            throw new IllegalArgumentException("parallel must be positive, not " + parallel);
        }
    }

    public static TransferSettings standard() {
        return new TransferSettings(
                16 * MEBIBYTE, 16 * MEBIBYTE, 128 * MEBIBYTE, 4, RetryPolicy.standard());
    }

    public TransferSettings withRetries(RetryPolicy newRetries) {
        return new TransferSettings(partBytes, signedBytes, multipartBytes, parallel, newRetries);
    }

    /// Size of the parts of an object of this size.
    long partBytesOf(long objectBytes) {
        return Math.max(partBytes, Math.ceilDiv(objectBytes, MOST_PARTS));
    }
}
