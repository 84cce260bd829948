package dev.tanren.storage.server;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.domain.Blob;
import org.jclouds.blobstore.domain.MultipartPart;
import org.jclouds.blobstore.domain.MultipartUpload;
import org.jclouds.blobstore.options.CopyOptions;
import org.jclouds.blobstore.options.PutOptions;
import org.jclouds.blobstore.util.ForwardingBlobStore;
import org.jclouds.http.HttpCommand;
import org.jclouds.http.HttpRequest;
import org.jclouds.http.HttpResponse;
import org.jclouds.http.HttpResponseException;
import org.jclouds.io.Payload;

/// Answers writes that the disk has no room for with 507 (Insufficient Storage).
///
/// S3Proxy by itself answers 500, which to a client is a passing fault: it would try again until
/// its deadline and then blame the network.
final class FullDisk extends ForwardingBlobStore {

    private static final int INSUFFICIENT_STORAGE = 507;

    FullDisk(BlobStore delegate) {
        super(delegate);
    }

    @Override
    public String putBlob(String container, Blob blob) {
        return written(() -> super.putBlob(container, blob));
    }

    @Override
    public String putBlob(String container, Blob blob, PutOptions options) {
        return written(() -> super.putBlob(container, blob, options));
    }

    @Override
    public String copyBlob(
            String fromContainer,
            String fromName,
            String toContainer,
            String toName,
            CopyOptions options) {
        return written(() -> super.copyBlob(fromContainer, fromName, toContainer, toName, options));
    }

    @Override
    public MultipartUpload initiateMultipartUpload(
            String container,
            org.jclouds.blobstore.domain.BlobMetadata metadata,
            PutOptions options) {
        return written(() -> super.initiateMultipartUpload(container, metadata, options));
    }

    @Override
    public MultipartPart uploadMultipartPart(
            MultipartUpload upload, int partNumber, Payload payload) {
        return written(() -> super.uploadMultipartPart(upload, partNumber, payload));
    }

    @Override
    public String completeMultipartUpload(MultipartUpload upload, List<MultipartPart> parts) {
        return written(() -> super.completeMultipartUpload(upload, parts));
    }

    private static <T> T written(Supplier<T> write) {
        try {
            return write.get();
        } catch (RuntimeException e) {
            throw isFull(e) ? insufficientStorage(e) : e;
        }
    }

    private static boolean isFull(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
            if (cause instanceof IOException
                    && (message.contains("no space left") || message.contains("quota exceeded"))) {
                return true;
            }
        }
        return false;
    }

    private static HttpResponseException insufficientStorage(RuntimeException cause) {
        HttpRequest request =
                HttpRequest.builder().method("PUT").endpoint("http://localhost/").build();
        HttpResponse response =
                HttpResponse.builder()
                        .statusCode(INSUFFICIENT_STORAGE)
                        .message("Insufficient Storage")
                        .build();
        return new HttpResponseException(
                "no space left on the disk of the object store",
                new HttpCommand(request),
                response,
                cause);
    }
}
