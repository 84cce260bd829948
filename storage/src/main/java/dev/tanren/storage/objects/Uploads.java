package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.minio.AbortMultipartUploadArgs;
import io.minio.CompleteMultipartUploadArgs;
import io.minio.CreateMultipartUploadArgs;
import io.minio.Http;
import io.minio.StatObjectArgs;
import io.minio.StatObjectResponse;
import io.minio.messages.Part;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes objects: in one request, or in parts that become visible together.
final class Uploads {

    static final String SHA256_HEADER = "x-amz-meta-sha256";
    private static final String MD5_HEADER = "Content-MD5";
    private static final int BLOCK = 16 * 1024;
    private static final String WRITE_HEADER = "x-amz-meta-write";
    private static final Logger LOG = LoggerFactory.getLogger(Uploads.class);

    private final S3Client client;
    private final String bucket;
    private final TransferSettings settings;
    private final Retrier retrier;

    Uploads(S3Client client, String bucket, TransferSettings settings, Retrier retrier) {
        this.client = client;
        this.bucket = bucket;
        this.settings = settings;
        this.retrier = retrier;
    }

    /// @return the entity tag that the store gave, once it had compared what it received with a
    ///     checksum: the signed SHA-256 of a small object, an MD5 of a larger one or of each part
    String put(String key, List<MemorySegment> pieces, String sha256) {
        long bytes = SegmentBody.size(pieces);
        if (bytes > settings.multipartBytes()) {
            return putInParts(key, pieces, sha256);
        }
        boolean signed = bytes <= settings.signedBytes();
        SegmentBody body = new SegmentBody(pieces, signed ? sha256 : SegmentBody.UNSIGNED);
        Http.Headers headers =
                signed
                        ? new Http.Headers(SHA256_HEADER, sha256)
                        : new Http.Headers(SHA256_HEADER, sha256, MD5_HEADER, md5(pieces));
        return retrier.run(
                "write an object",
                key,
                tries -> client.putSegments(bucket, key, body, headers).get());
    }

    /// A try whose answer was lost may have written the object; a retry, which the HTTP client
    /// makes on its own too, then meets it and is refused. The random mark that goes with the write
    /// tells that case from another writer's.
    boolean putIfAbsent(String key, MemorySegment bytes, String sha256) {
        String mark = UUID.randomUUID().toString();
        Http.Headers headers =
                new Http.Headers(SHA256_HEADER, sha256, WRITE_HEADER, mark, "If-None-Match", "*");
        SegmentBody body = new SegmentBody(List.of(bytes), sha256);
        try {
            retrier.run(
                    "write an object that must not exist",
                    key,
                    tries -> client.putSegments(bucket, key, body, headers).get());
            return true;
        } catch (Retrier.PreconditionFailed e) {
            return mark.equals(look(key).headers().get(WRITE_HEADER));
        }
    }

    private String putInParts(String key, List<MemorySegment> pieces, String sha256) {
        CreateMultipartUploadArgs create =
                CreateMultipartUploadArgs.builder()
                        .bucket(bucket)
                        .object(key)
                        .headers(new Http.Headers(SHA256_HEADER, sha256))
                        .build();
        String uploadId =
                retrier.run(
                        "begin an object in parts",
                        key,
                        tries -> client.createMultipartUpload(create).get().result().uploadId());
        try {
            return complete(key, uploadId, putParts(key, uploadId, pieces), sha256);
        } catch (RuntimeException e) {
            abort(key, uploadId);
            throw e;
        }
    }

    private Part[] putParts(String key, String uploadId, List<MemorySegment> pieces) {
        long bytes = SegmentBody.size(pieces);
        long partBytes = settings.partBytesOf(bytes);
        Part[] parts = new Part[Math.toIntExact(Math.ceilDiv(bytes, partBytes))];
        List<Runnable> tasks = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            int index = i;
            long offset = i * partBytes;
            List<MemorySegment> part =
                    SegmentBody.slice(pieces, offset, Math.min(partBytes, bytes - offset));
            tasks.add(
                    () ->
                            parts[index] =
                                    new Part(index + 1, putPart(key, uploadId, index + 1, part)));
        }
        Parallel.run(settings.parallel(), tasks);
        return parts;
    }

    private String putPart(String key, String uploadId, int number, List<MemorySegment> part) {
        SegmentBody body = new SegmentBody(part, SegmentBody.UNSIGNED);
        Http.Headers headers = new Http.Headers(MD5_HEADER, md5(part));
        return retrier.run(
                "write part " + number + " of an object",
                key,
                tries -> client.putPart(bucket, key, uploadId, number, body, headers).get());
    }

    private String complete(String key, String uploadId, Part[] parts, String sha256) {
        CompleteMultipartUploadArgs complete =
                CompleteMultipartUploadArgs.builder()
                        .bucket(bucket)
                        .object(key)
                        .uploadId(uploadId)
                        .parts(parts)
                        .build();
        boolean answered = true;
        try {
            retrier.run(
                    "end an object in parts",
                    key,
                    tries -> client.completeMultipartUpload(complete).get());
        } catch (TanrenException e) {
            // The upload is gone when an earlier try succeeded and its answer was lost.
            if (e.code() != ErrorCode.OBJECT_MISSING) {
                throw e;
            }
            answered = false;
        }
        // S3Proxy's answer has another tag than the object it then holds.
        StatObjectResponse held = look(key);
        if (!answered && !sha256.equals(held.headers().get(SHA256_HEADER))) {
            throw new TanrenException(
                    ErrorCode.STORE_DEADLINE,
                    "the upload in parts is gone, and the object is another one",
                    key,
                    "Write it again.");
        }
        return S3Client.unquoted(held.etag());
    }

    private StatObjectResponse look(String key) {
        StatObjectArgs args = StatObjectArgs.builder().bucket(bucket).object(key).build();
        return retrier.run("look at an object", key, tries -> client.statObject(args).get());
    }

    /// As the store takes it, which refuses bytes that have another.
    private static String md5(List<MemorySegment> pieces) {
        try {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            byte[] block = new byte[BLOCK];
            for (MemorySegment piece : pieces) {
                for (long at = 0; at < piece.byteSize(); at += BLOCK) {
                    int length = (int) Math.min(BLOCK, piece.byteSize() - at);
                    MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, at, block, 0, length);
                    digest.update(block, 0, length);
                }
            }
            return Base64.getEncoder().encodeToString(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has MD5", e);
        }
    }

    /// Best effort: the error that led here is the one to report.
    private void abort(String key, String uploadId) {
        try {
            client.abortMultipartUpload(
                            AbortMultipartUploadArgs.builder()
                                    .bucket(bucket)
                                    .object(key)
                                    .uploadId(uploadId)
                                    .build())
                    .get(
                            settings.retries().idle().toMillis(),
                            java.util.concurrent.TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException
                | java.util.concurrent.TimeoutException e) {
            LOG.warn("parts of {} could not be removed and stay in the store", key);
        }
    }
}
