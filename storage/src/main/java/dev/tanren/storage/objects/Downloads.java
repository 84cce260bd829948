package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.minio.GetObjectArgs;
import io.minio.GetObjectResponse;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/// Reads objects: whole, or ranges of them side by side.
final class Downloads {

    static final int MOST_AT_ONCE = 64 * 1024 * 1024;
    private static final int BLOCK = 64 * 1024;

    private final S3Client client;
    private final String bucket;
    private final TransferSettings settings;
    private final Retrier retrier;

    Downloads(S3Client client, String bucket, TransferSettings settings, Retrier retrier) {
        this.client = client;
        this.bucket = bucket;
        this.settings = settings;
        this.retrier = retrier;
    }

    byte[] whole(String key) {
        GetObjectArgs args = GetObjectArgs.builder().bucket(bucket).object(key).build();
        return retrier.run(
                "read an object",
                key,
                tries -> {
                    try (GetObjectResponse response = client.getObject(args).get()) {
                        long length = contentLength(response);
                        if (length > MOST_AT_ONCE) {
                            throw corrupt(
                                    key,
                                    "is "
                                            + length
                                            + " bytes, more than the "
                                            + MOST_AT_ONCE
                                            + " that are read at once");
                        }
                        byte[] bytes = response.readNBytes(MOST_AT_ONCE + 1);
                        if (length >= 0 && bytes.length != length) {
                            throw new EOFException("the answer ended early");
                        }
                        requireHash(key, response.headers().get(Uploads.SHA256_HEADER), bytes);
                        return bytes;
                    }
                });
    }

    /// Where the bytes of a range go, block by block.
    interface Sink {
        void accept(long position, byte[] block, int length) throws IOException;
    }

    void into(String key, long offset, MemorySegment target) {
        boolean shared = target.isAccessibleBy(Thread.ofPlatform().unstarted(() -> {}));
        ranges(
                key,
                offset,
                target.byteSize(),
                shared ? settings.parallel() : 1,
                (position, block, length) ->
                        MemorySegment.copy(
                                block, 0, target, ValueLayout.JAVA_BYTE, position, length));
    }

    void into(String key, long bytes, FileChannel file) {
        ranges(
                key,
                0,
                bytes,
                settings.parallel(),
                (position, block, length) -> {
                    ByteBuffer buffer = ByteBuffer.wrap(block, 0, length);
                    while (buffer.hasRemaining()) {
                        try {
                            file.write(buffer, position + buffer.position());
                        } catch (IOException e) {
                            throw S3ObjectStore.scratch(key, e);
                        }
                    }
                });
    }

    private void ranges(String key, long offset, long bytes, int parallel, Sink sink) {
        List<Runnable> tasks = new ArrayList<>();
        for (long at = 0; at < bytes; at += settings.partBytes()) {
            long start = at;
            long length = Math.min(settings.partBytes(), bytes - at);
            tasks.add(() -> range(key, offset + start, length, start, sink));
        }
        Parallel.run(parallel, tasks);
    }

    private void range(String key, long offset, long length, long position, Sink sink) {
        GetObjectArgs args =
                GetObjectArgs.builder()
                        .bucket(bucket)
                        .object(key)
                        .offset(offset)
                        .length(length)
                        .build();
        retrier.run(
                "read a range of an object",
                key,
                tries -> {
                    try (GetObjectResponse response = client.getObject(args).get()) {
                        long found = contentLength(response);
                        if (found >= 0 && found != length) {
                            throw corrupt(
                                    key,
                                    "ends "
                                            + (length - found)
                                            + " bytes before the range "
                                            + offset
                                            + "+"
                                            + length
                                            + " does");
                        }
                        copy(response, length, position, sink);
                        return key;
                    }
                });
    }

    private static void copy(InputStream source, long length, long position, Sink sink)
            throws IOException {
        byte[] block = new byte[BLOCK];
        for (long done = 0; done < length; ) {
            int count = source.read(block, 0, (int) Math.min(BLOCK, length - done));
            if (count < 0) {
                throw new EOFException("the answer ended early");
            }
            sink.accept(position + done, block, count);
            done += count;
        }
    }

    private static long contentLength(GetObjectResponse response) {
        String length = response.headers().get("Content-Length");
        return length == null ? -1 : Long.parseLong(length);
    }

    private static void requireHash(
            String key, @org.jspecify.annotations.Nullable String expected, byte[] bytes) {
        if (expected != null && !expected.equals(Sha256.of(bytes))) {
            throw corrupt(key, "does not have the SHA-256 " + expected + " it was written with");
        }
    }

    static TanrenException corrupt(String key, String what) {
        return new TanrenException(
                ErrorCode.OBJECT_CORRUPT,
                "the object " + what,
                key,
                "Verify the checkpoint or dataset it belongs to, then go back to an earlier one.");
    }
}
