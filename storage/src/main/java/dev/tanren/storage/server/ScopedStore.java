package dev.tanren.storage.server;

import dev.tanren.storage.objects.StoreScope;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.regex.Pattern;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.domain.Blob;
import org.jclouds.blobstore.domain.BlobMetadata;
import org.jclouds.blobstore.domain.MultipartUpload;
import org.jclouds.blobstore.options.ListContainerOptions;
import org.jclouds.http.HttpCommand;
import org.jclouds.http.HttpRequest;
import org.jclouds.http.HttpResponse;
import org.jclouds.http.HttpResponseException;

/// A store as the keys of one run see it: what they do not open is refused with 403, and so is
/// every operation that is not named here.
///
/// An object in parts has a note of its own in S3Proxy's store, named by the upload's random id
/// alone, which whoever knows the id may read and write.
final class ScopedStore implements InvocationHandler {

    private static final int FORBIDDEN = 403;

    private static final Pattern UPLOAD_ID =
            Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private final BlobStore store;
    private final StoreScope scope;

    private ScopedStore(BlobStore store, StoreScope scope) {
        this.store = store;
        this.scope = scope;
    }

    static BlobStore of(BlobStore store, StoreScope scope) {
        return (BlobStore)
                Proxy.newProxyInstance(
                        ScopedStore.class.getClassLoader(),
                        new Class<?>[] {BlobStore.class},
                        new ScopedStore(store, scope));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (!permits(method.getName(), arguments == null ? new Object[0] : arguments)) {
            throw denied();
        }
        try {
            return method.invoke(store, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private boolean permits(String operation, Object[] arguments) {
        return switch (operation) {
            case "getContext",
                    "blobBuilder",
                    "getMinimumMultipartPartSize",
                    "getMaximumMultipartPartSize",
                    "getMaximumNumberOfParts",
                    "toString",
                    "hashCode" ->
                    true;
            case "containerExists" -> scope.bucket().equals(arguments[0]);
            case "blobExists", "blobMetadata", "getBlob", "getBlobAccess" ->
                    mayRead((String) arguments[0], (String) arguments[1]);
            case "list" ->
                    arguments.length == 2
                            && mayList((String) arguments[0], (ListContainerOptions) arguments[1]);
            case "putBlob" ->
                    mayWrite((String) arguments[0], ((Blob) arguments[1]).getMetadata().getName());
            case "removeBlob" -> mayWrite((String) arguments[0], (String) arguments[1]);
            case "initiateMultipartUpload" ->
                    mayWrite((String) arguments[0], ((BlobMetadata) arguments[1]).getName());
            case "uploadMultipartPart",
                    "listMultipartUpload",
                    "completeMultipartUpload",
                    "abortMultipartUpload" ->
                    mayWrite((MultipartUpload) arguments[0]);
            default -> false;
        };
    }

    private boolean mayRead(String bucket, String key) {
        return scope.mayRead(bucket, key) || isNote(bucket, key);
    }

    private boolean mayWrite(String bucket, String key) {
        return scope.mayWrite(bucket, key) || isNote(bucket, key);
    }

    private boolean mayWrite(MultipartUpload upload) {
        return scope.mayWrite(upload.containerName(), upload.blobName());
    }

    /// A listing by folder, which S3 does not have, would pass by the prefix.
    @SuppressWarnings("deprecation")
    private boolean mayList(String bucket, ListContainerOptions options) {
        String prefix = options.getPrefix();
        return options.getDir() == null && prefix != null && scope.mayList(bucket, prefix);
    }

    private boolean isNote(String bucket, String key) {
        return scope.bucket().equals(bucket) && UPLOAD_ID.matcher(key).matches();
    }

    private static HttpResponseException denied() {
        HttpRequest request =
                HttpRequest.builder().method("GET").endpoint("http://localhost/").build();
        HttpResponse response =
                HttpResponse.builder().statusCode(FORBIDDEN).message("Forbidden").build();
        return new HttpResponseException(
                "AccessDenied: the keys are those of a run, and do not open this",
                new HttpCommand(request),
                response);
    }
}
