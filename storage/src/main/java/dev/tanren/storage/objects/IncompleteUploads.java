package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore.IncompleteUpload;
import io.minio.AbortMultipartUploadArgs;
import io.minio.messages.ListMultipartUploadsResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds and ends uploads in parts whose writers are gone.
final class IncompleteUploads {

    private final S3Client client;
    private final String bucket;
    private final Retrier retrier;

    IncompleteUploads(S3Client client, String bucket, Retrier retrier) {
        this.client = client;
        this.bucket = bucket;
        this.retrier = retrier;
    }

    /// @param prefix of the whole bucket's keys
    List<IncompleteUpload> list(String prefix) {
        List<IncompleteUpload> found = new ArrayList<>();
        ListMultipartUploadsResult page = page(prefix, null);
        add(page, found);
        while (page.isTruncated()) {
            page = page(prefix, page);
            add(page, found);
        }
        return List.copyOf(found);
    }

    private ListMultipartUploadsResult page(
            String prefix, @Nullable ListMultipartUploadsResult after) {
        return retrier.run(
                "list uploads in parts",
                bucket + "/" + prefix,
                tries -> client.listUploads(bucket, prefix, after).get());
    }

    private static void add(ListMultipartUploadsResult page, List<IncompleteUpload> found) {
        page.uploads()
                .forEach(
                        upload ->
                                found.add(
                                        new IncompleteUpload(
                                                upload.objectName(),
                                                upload.uploadId(),
                                                upload.initiated().toInstant())));
    }

    void abort(String key, String uploadId) {
        AbortMultipartUploadArgs args =
                AbortMultipartUploadArgs.builder()
                        .bucket(bucket)
                        .object(key)
                        .uploadId(uploadId)
                        .build();
        try {
            retrier.run(
                    "give up an object in parts",
                    key,
                    tries -> client.abortMultipartUpload(args).get());
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.OBJECT_MISSING) {
                throw e;
            }
        }
    }
}
