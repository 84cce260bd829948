package dev.tanren.storage.safetensors;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.Printable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A safetensors file, read without copying: tensors are slices of the mapped file.
///
/// Everything is checked before any tensor is handed out: the header is strict JSON of at most 100
/// MB with no key twice, and the tensors fill the rest of the file without overlap or hole. What
/// fails a check is a `SAFETENSORS_CORRUPT` naming the file and, where there is one, the tensor.
/// Slices must not be used after [#close]. Safe for use by many threads.
public final class SafetensorsFile implements AutoCloseable {

    /// The reference implementation's limit.
    public static final long HEADER_LIMIT = 100_000_000;

    static final int LENGTH_BYTES = 8;
    private static final ValueLayout.OfLong LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String name;
    private final SafetensorsHeader header;
    private final Map<String, Tensor> tensors;
    private final @Nullable Arena arena;

    private SafetensorsFile(String name, MemorySegment bytes, @Nullable Arena arena) {
        this.name = name;
        this.arena = arena;
        long headerBytes = headerBytes(name, bytes);
        MemorySegment json = bytes.asSlice(LENGTH_BYTES, headerBytes);
        MemorySegment data = bytes.asSlice(LENGTH_BYTES + headerBytes);
        this.header = SafetensorsHeader.parse(name, json, data.byteSize());
        this.tensors = header.slices(data);
    }

    /// Maps a file.
    ///
    /// @throws TanrenException `SAFETENSORS_CORRUPT`, `MODEL_MISSING` where it cannot be opened
    public static SafetensorsFile open(Path file) {
        return open(file, file.toString());
    }

    /// Maps a file that is known to its user by another name. The arena's owner is the file that
    /// is returned, which closes it.
    ///
    /// @param name of the file, for errors
    /// @throws TanrenException `SAFETENSORS_CORRUPT`, `MODEL_MISSING` where it cannot be opened
    @SuppressWarnings("MustBeClosedChecker")
    public static SafetensorsFile open(Path file, String name) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new SafetensorsFile(name, bytes, arena);
        } catch (IOException e) {
            arena.close();
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "the safetensors file cannot be opened: " + e.getMessage(),
                    name,
                    "Name a file that exists and may be read.",
                    e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Reads bytes that are in memory already.
    ///
    /// @param name of the bytes, for errors
    public static SafetensorsFile of(String name, MemorySegment bytes) {
        return new SafetensorsFile(name, bytes, null);
    }

    /// Tensors in the order in which their bytes lie in the file.
    public List<Tensor> tensors() {
        return List.copyOf(tensors.values());
    }

    public Optional<Tensor> find(String tensor) {
        return Optional.ofNullable(tensors.get(tensor));
    }

    /// @throws TanrenException `MODEL_TENSOR_MISMATCH` when there is none of that name
    public Tensor tensor(String tensor) {
        return find(tensor)
                .orElseThrow(
                        () ->
                                new TanrenException(
                                        ErrorCode.MODEL_TENSOR_MISMATCH,
                                        "there is no tensor `" + tensor + "`",
                                        name,
                                        "It has "
                                                + tensors.size()
                                                + " others; check the model's configuration."));
    }

    /// The header's `__metadata__`, empty where it has none.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
        }
    }

    private static long headerBytes(String name, MemorySegment bytes) {
        if (bytes.byteSize() < LENGTH_BYTES) {
            throw corrupt(name, "", "it has " + bytes.byteSize() + " bytes, less than a header");
        }
        long length = bytes.get(LENGTH, 0);
        if (length < 0 || length > HEADER_LIMIT) {
            throw corrupt(
                    name,
                    "",
                    "its header claims "
                            + Long.toUnsignedString(length)
                            + " bytes; at most "
                            + HEADER_LIMIT
                            + " are allowed");
        }
        if (length > bytes.byteSize() - LENGTH_BYTES) {
            throw corrupt(
                    name,
                    "",
                    "its header claims "
                            + length
                            + " bytes, but only "
                            + (bytes.byteSize() - LENGTH_BYTES)
                            + " follow");
        }
        return length;
    }

    static TanrenException corrupt(String file, String tensor, String what) {
        String where = tensor.isEmpty() ? file : file + " tensor `" + printable(tensor) + "`";
        return new TanrenException(
                ErrorCode.SAFETENSORS_CORRUPT,
                "not a sound safetensors file: " + what,
                where,
                "Fetch the file again from where it came, or write it anew.");
    }

    /// Names come from the file: they are shortened and lose their control characters.
    static String printable(String text) {
        return Printable.of(text, 120);
    }

    /// @param byteOffset of its first byte after the header
    /// @param bytes its elements, row-major and little-endian
    public record Tensor(TensorInfo info, long byteOffset, MemorySegment bytes) {
        public String name() {
            return info.name();
        }

        public Dtype dtype() {
            return info.dtype();
        }

        public List<Long> shape() {
            return info.shape();
        }
    }
}
