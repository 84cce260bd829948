package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.minio.BucketExistsArgs;
import io.minio.ListObjectsArgs;
import io.minio.RemoveObjectArgs;
import io.minio.Result;
import io.minio.StatObjectArgs;
import io.minio.StatObjectResponse;
import io.minio.messages.Item;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/// An [ObjectStore] in any S3-compatible store.
///
/// The SHA-256 of an object is kept as its user metadata `sha256`. Objects up to
/// [TransferSettings#signedBytes] go in one request that signs this hash, so that the store checks
/// it before the object is visible. Larger ones go with unsigned payloads and an MD5 that the store
/// checks, above [TransferSettings#multipartBytes] in parts with an MD5 each.
public final class S3ObjectStore implements ObjectStore {

    private final S3Client client;
    private final StoreAddress address;
    private final Retrier retrier;
    private final Uploads uploads;
    private final Downloads downloads;
    private final IncompleteUploads incomplete;

    private S3ObjectStore(S3Client client, StoreAddress address, TransferSettings settings) {
        this.client = client;
        this.address = address;
        this.retrier = new Retrier(settings.retries(), address.endpoint());
        this.uploads = new Uploads(client, address.bucket(), settings, retrier);
        this.downloads = new Downloads(client, address.bucket(), settings, retrier);
        this.incomplete = new IncompleteUploads(client, address.bucket(), retrier);
    }

    /// Makes no connection yet.
    public static S3ObjectStore connect(StoreAddress address, String accessKey, String secretKey) {
        return connect(address, accessKey, secretKey, TransferSettings.standard());
    }

    public static S3ObjectStore connect(
            StoreAddress address, String accessKey, String secretKey, TransferSettings settings) {
        S3Client client = S3Client.connect(address, accessKey, secretKey, settings.retries());
        return new S3ObjectStore(client, address, settings);
    }

    /// The store that a process's environment names, see [StoreAddress].
    ///
    /// @throws TanrenException `STORE_REFUSED` naming the variable that is missing or wrong
    public static S3ObjectStore connect(Map<String, String> environment) {
        return connect(
                StoreAddress.from(environment),
                StoreAddress.required(environment, StoreAddress.ACCESS_KEY_VARIABLE),
                StoreAddress.required(environment, StoreAddress.SECRET_KEY_VARIABLE));
    }

    /// Makes the bucket unless it exists.
    public void ensureBucket() {
        String bucket = address.bucket();
        retrier.run(
                "make the bucket",
                bucket,
                tries -> {
                    BucketExistsArgs exists = BucketExistsArgs.builder().bucket(bucket).build();
                    if (!client.bucketExists(exists).get()) {
                        client.makeBucket(bucket, address.region()).get();
                    }
                    return bucket;
                });
    }

    @Override
    public StoredObject put(String key, MemorySegment bytes) {
        return put(key, List.of(bytes), Sha256.of(bytes));
    }

    @Override
    public StoredObject put(String key, List<MemorySegment> pieces, String sha256) {
        List<MemorySegment> sendable = pieces.stream().map(S3ObjectStore::sendable).toList();
        String entityTag = uploads.put(full(key), sendable, sha256);
        return new StoredObject(key, SegmentBody.size(pieces), sha256, entityTag);
    }

    @Override
    public StoredObject put(String key, Path file) {
        full(key);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena arena = Arena.ofShared()) {
            MemorySegment bytes =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return put(key, bytes);
        } catch (NoSuchFileException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "there is no such file to store",
                    file.toString(),
                    "Name a file that exists.",
                    e);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the file to store could not be read: " + e.getMessage(),
                    file.toString(),
                    "Check its permissions and its disk.",
                    e);
        }
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        return uploads.putIfAbsent(full(key), MemorySegment.ofArray(bytes), Sha256.of(bytes));
    }

    @Override
    public byte[] get(String key) {
        return downloads.whole(full(key));
    }

    @Override
    public byte[] get(String key, long offset, int length) {
        byte[] bytes = new byte[length];
        read(key, offset, MemorySegment.ofArray(bytes));
        return bytes;
    }

    @Override
    public void read(String key, long offset, MemorySegment target) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must not be negative, but is " + offset);
        }
        downloads.into(full(key), offset, target);
    }

    @Override
    public void download(String key, Path file) {
        StoredObject object =
                find(key)
                        .orElseThrow(
                                () ->
                                        new TanrenException(
                                                ErrorCode.OBJECT_MISSING,
                                                "no such object",
                                                key,
                                                "It was removed or never written."));
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file's folder");
        Path part = folder.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(folder);
            fetch(object, part);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw scratch(key, e);
        } finally {
            deleteQuietly(part);
        }
    }

    private void fetch(StoredObject object, Path part) throws IOException {
        try (FileChannel channel =
                        FileChannel.open(
                                part,
                                StandardOpenOption.CREATE_NEW,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            downloads.into(full(object.key()), object.bytes(), channel);
            if (!object.sha256().isEmpty()) {
                String found =
                        Sha256.of(
                                channel.map(
                                        FileChannel.MapMode.READ_ONLY, 0, object.bytes(), arena));
                if (!found.equals(object.sha256())) {
                    throw Downloads.corrupt(
                            object.key(), "has the SHA-256 " + found + ", not " + object.sha256());
                }
            }
            channel.force(false);
        }
    }

    @Override
    public Optional<StoredObject> find(String key) {
        StatObjectArgs args =
                StatObjectArgs.builder().bucket(address.bucket()).object(full(key)).build();
        try {
            StatObjectResponse found =
                    retrier.run("look at an object", key, tries -> client.statObject(args).get());
            String sha256 = found.headers().get(Uploads.SHA256_HEADER);
            return Optional.of(
                    new StoredObject(
                            key,
                            found.size(),
                            sha256 == null ? "" : sha256,
                            S3Client.unquoted(found.etag())));
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.OBJECT_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public List<StoredObject> list(String prefix) {
        ListObjectsArgs args =
                ListObjectsArgs.builder()
                        .bucket(address.bucket())
                        .prefix(address.prefix() + ObjectKeys.requirePrefix(prefix))
                        .recursive(true)
                        .build();
        return retrier.run(
                "list objects",
                address.bucket() + "/" + address.prefix() + prefix,
                tries -> listed(args));
    }

    private List<StoredObject> listed(ListObjectsArgs args) throws Exception {
        List<StoredObject> found = new ArrayList<>();
        for (Result<Item> result : client.listObjects(args)) {
            Item item = result.get();
            if (!item.isDir()) {
                String key = item.objectName().substring(address.prefix().length());
                found.add(new StoredObject(key, item.size()));
            }
        }
        found.sort(Comparator.comparing(StoredObject::key));
        return List.copyOf(found);
    }

    @Override
    public void delete(String key) {
        RemoveObjectArgs args =
                RemoveObjectArgs.builder().bucket(address.bucket()).object(full(key)).build();
        try {
            retrier.run("remove an object", key, tries -> client.removeObject(args).get());
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.OBJECT_MISSING) {
                throw e;
            }
        }
    }

    @Override
    public List<IncompleteUpload> incompleteUploads(String prefix) {
        String whole = address.prefix() + ObjectKeys.requirePrefix(prefix);
        return incomplete.list(whole).stream()
                .map(
                        upload ->
                                new IncompleteUpload(
                                        upload.key().substring(address.prefix().length()),
                                        upload.uploadId(),
                                        upload.begun()))
                .toList();
    }

    @Override
    public void abort(IncompleteUpload upload) {
        incomplete.abort(full(upload.key()), upload.uploadId());
    }

    @Override
    public void close() {
        client.close();
    }

    private String full(String key) {
        return ObjectKeys.require(address.prefix() + ObjectKeys.require(key));
    }

    /// Requests run on the client's threads, which memory of a confined arena is closed to.
    private static MemorySegment sendable(MemorySegment bytes) {
        if (bytes.isAccessibleBy(Thread.ofPlatform().unstarted(() -> {}))) {
            return bytes;
        }
        return Arena.ofAuto()
                .allocate(Math.max(1, bytes.byteSize()))
                .asSlice(0, bytes.byteSize())
                .copyFrom(bytes);
    }

    static TanrenException scratch(String key, IOException cause) {
        String message = String.valueOf(cause.getMessage());
        boolean full = message.toLowerCase(Locale.ROOT).contains("no space left");
        return new TanrenException(
                full ? ErrorCode.SCRATCH_FULL : ErrorCode.SOURCE_UNREADABLE,
                "the object could not be written to this machine's disk: " + message,
                key,
                full ? "Free space in the worker's folder." : "Check the folder's permissions.",
                cause);
    }

    private static void deleteQuietly(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            // What is left is a hidden file that no reader looks at.
            org.slf4j.LoggerFactory.getLogger(S3ObjectStore.class)
                    .warn("could not remove {}: {}", part, e.getMessage());
        }
    }
}
