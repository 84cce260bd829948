package dev.tanren.storage.objects;

import io.minio.BucketArgs;
import io.minio.BucketExistsArgs;
import io.minio.Http;
import io.minio.MakeBucketArgs;
import io.minio.MinioAsyncClient;
import io.minio.ObjectArgs;
import io.minio.StatObjectArgs;
import io.minio.Xml;
import io.minio.errors.XmlParserException;
import io.minio.messages.ListMultipartUploadsResult;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/// The MinIO client with two requests added whose bodies come from memory segments and whose hash
/// is known already. It retries nothing itself.
final class S3Client extends MinioAsyncClient {

    private static final int CONNECTIONS = 32;

    private S3Client(MinioAsyncClient client) {
        super(client);
    }

    static S3Client connect(
            StoreAddress address, String accessKey, String secretKey, RetryPolicy policy) {
        MinioAsyncClient plain =
                MinioAsyncClient.builder()
                        .endpoint(address.endpoint())
                        .region(address.region())
                        .credentials(accessKey, secretKey)
                        .httpClient(httpClient(policy), true)
                        .build();
        if (address.pathStyle()) {
            plain.disableVirtualStyleEndpoint();
        } else {
            plain.enableVirtualStyleEndpoint();
        }
        return new S3Client(plain);
    }

    /// Writes an object in one request.
    ///
    /// @return its ETag
    CompletableFuture<String> putSegments(
            String bucket, String key, SegmentBody body, Http.Headers headers) {
        return executePutAsync(target(bucket, key), headers, null, body)
                .thenApply(S3Client::entityTag);
    }

    /// Writes one part of an object.
    ///
    /// @return its ETag
    CompletableFuture<String> putPart(
            String bucket,
            String key,
            String uploadId,
            int number,
            SegmentBody body,
            Http.Headers headers) {
        Http.QueryParameters query =
                new Http.QueryParameters(
                        "partNumber", Integer.toString(number), "uploadId", uploadId);
        return executePutAsync(target(bucket, key), headers, query, body)
                .thenApply(S3Client::entityTag);
    }

    /// Begun uploads under a prefix, a page at a time. The client's own call always sends a
    /// delimiter and a page's size, which S3Proxy refuses.
    ///
    /// @param after the page before, or null for the first
    CompletableFuture<ListMultipartUploadsResult> listUploads(
            String bucket, String prefix, @Nullable ListMultipartUploadsResult after) {
        Http.QueryParameters query = new Http.QueryParameters("uploads", "", "prefix", prefix);
        if (after != null) {
            query.put("key-marker", after.nextKeyMarker());
            query.put("upload-id-marker", after.nextUploadIdMarker());
        }
        BucketArgs args = BucketExistsArgs.builder().bucket(bucket).build();
        return executeGetAsync(args, null, query).thenApply(S3Client::uploads);
    }

    private static ListMultipartUploadsResult uploads(Response response) {
        try (response) {
            return Xml.unmarshal(ListMultipartUploadsResult.class, response.body().charStream());
        } catch (XmlParserException e) {
            throw new CompletionException(e);
        }
    }

    /// Makes a bucket. The client's own call names `us-east-1` as a location constraint, which
    /// stores refuse: it is the one that is meant by saying nothing.
    CompletableFuture<?> makeBucket(String bucket, String region) {
        if (!region.equals(StoreAddress.DEFAULT_REGION)) {
            return makeBucket(MakeBucketArgs.builder().bucket(bucket).build());
        }
        BucketArgs args = BucketExistsArgs.builder().bucket(bucket).build();
        return executePutAsync(args, null, null, null).thenApply(S3Client::entityTag);
    }

    /// The client's own arguments of a PUT take bytes in other forms; of these it reads the bucket
    /// and the key alone.
    private static ObjectArgs target(String bucket, String key) {
        return StatObjectArgs.builder().bucket(bucket).object(key).build();
    }

    private static String entityTag(Response response) {
        try (response) {
            return unquoted(response.header("ETag"));
        }
    }

    /// @return empty where the store gave none
    static String unquoted(@Nullable String entityTag) {
        return entityTag == null ? "" : entityTag.replace("\"", "");
    }

    /// No limit for a whole call: a transfer of any size may be as slow as it is, while bytes move.
    private static OkHttpClient httpClient(RetryPolicy policy) {
        Dispatcher dispatcher = new Dispatcher();
        dispatcher.setMaxRequests(CONNECTIONS);
        dispatcher.setMaxRequestsPerHost(CONNECTIONS);
        return new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .connectionPool(new ConnectionPool(CONNECTIONS, 1, TimeUnit.MINUTES))
                .connectTimeout(policy.connect())
                .readTimeout(policy.idle())
                .writeTimeout(policy.idle())
                .callTimeout(Duration.ZERO)
                .socketFactory(new UploadSockets())
                .addInterceptor(chain -> waitingForAnswer(chain, policy))
                .retryOnConnectionFailure(true)
                .followRedirects(false)
                .protocols(List.of(Protocol.HTTP_1_1))
                .build();
    }

    private static Response waitingForAnswer(Interceptor.Chain chain, RetryPolicy policy)
            throws IOException {
        RequestBody body = chain.request().body();
        Duration wait =
                UploadSockets.answerWithin(policy.idle(), body == null ? 0 : body.contentLength());
        return chain.withReadTimeout(Math.toIntExact(wait.toMillis()), TimeUnit.MILLISECONDS)
                .proceed(chain.request());
    }
}
