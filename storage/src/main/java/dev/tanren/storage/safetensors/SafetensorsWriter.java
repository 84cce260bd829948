package dev.tanren.storage.safetensors;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/// Plans a safetensors file: header and offsets are known before a byte of a tensor is.
///
/// The bytes are those of the reference implementation for the same tensors: widest element type
/// first, then by name, so that every tensor is aligned to its elements; the header is padded with
/// spaces to a multiple of 8. Metadata is written in the order of its keys.
public final class SafetensorsWriter {

    private static final int BLOCK = 1024 * 1024;

    private final MemorySegment header;
    private final Map<String, Placed> placed;
    private final long bytes;

    private SafetensorsWriter(MemorySegment header, Map<String, Placed> placed, long bytes) {
        this.header = header;
        this.placed = placed;
        this.bytes = bytes;
    }

    /// @throws IllegalArgumentException for a name twice or `__metadata__` as a name
    /// @throws TanrenException `SAFETENSORS_CORRUPT` for a header above the limit
    public static SafetensorsWriter plan(List<TensorInfo> tensors, Map<String, String> metadata) {
        List<TensorInfo> ordered = new ArrayList<>(tensors);
        ordered.sort(
                Comparator.comparing(TensorInfo::dtype)
                        .reversed()
                        .thenComparing(TensorInfo::name, SafetensorsWriter::compareUtf8));
        requireNames(ordered);
        StringBuilder json = new StringBuilder("{");
        if (!metadata.isEmpty()) {
            json.append("\"__metadata__\":{");
            new TreeMap<>(metadata)
                    .forEach(
                            (key, value) ->
                                    quoted(quoted(json, key).append(':'), value).append(','));
            json.setCharAt(json.length() - 1, '}');
            json.append(',');
        }
        long at = 0;
        Map<String, Long> offsets = new LinkedHashMap<>();
        for (TensorInfo info : ordered) {
            long end = Math.addExact(at, info.bytes());
            entry(json, info, at, end);
            offsets.put(info.name(), at);
            at = end;
        }
        if (json.charAt(json.length() - 1) == ',') {
            json.setLength(json.length() - 1);
        }
        MemorySegment header = header(json.append('}').toString());
        Map<String, Placed> placed = new LinkedHashMap<>();
        for (TensorInfo info : ordered) {
            long offset = header.byteSize() + offsets.getOrDefault(info.name(), 0L);
            placed.put(info.name(), new Placed(info, offset));
        }
        return new SafetensorsWriter(header, placed, header.byteSize() + at);
    }

    /// Length and JSON, the first bytes of the file.
    public MemorySegment header() {
        return header.asReadOnly();
    }

    /// Tensors in the order of their bytes.
    public List<Placed> tensors() {
        return List.copyOf(placed.values());
    }

    /// Of the whole file.
    public long bytes() {
        return bytes;
    }

    /// The file's bytes as pieces that follow each other: the header, then the tensors as they lie
    /// in memory. Nothing is copied.
    ///
    /// @param data gives a tensor's bytes by its name
    public List<MemorySegment> pieces(Function<String, MemorySegment> data) {
        List<MemorySegment> pieces = new ArrayList<>();
        pieces.add(header());
        for (Placed tensor : placed.values()) {
            MemorySegment piece = data.apply(tensor.info().name());
            if (piece.byteSize() != tensor.info().bytes()) {
                throw new IllegalArgumentException(
                        "tensor "
                                + tensor.info()
                                + " needs "
                                + tensor.info().bytes()
                                + " bytes, not "
                                + piece.byteSize());
            }
            pieces.add(piece);
        }
        return pieces;
    }

    /// @param target of [#bytes] at least
    public void write(Function<String, MemorySegment> data, MemorySegment target) {
        long at = 0;
        for (MemorySegment piece : pieces(data)) {
            MemorySegment.copy(piece, 0, target, at, piece.byteSize());
            at += piece.byteSize();
        }
    }

    public void write(Function<String, MemorySegment> data, OutputStream target)
            throws IOException {
        byte[] block = new byte[64 * 1024];
        for (MemorySegment piece : pieces(data)) {
            for (long at = 0; at < piece.byteSize(); at += block.length) {
                int length = (int) Math.min(block.length, piece.byteSize() - at);
                MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, at, block, 0, length);
                target.write(block, 0, length);
            }
        }
    }

    /// Writes a file, replacing one that exists.
    ///
    /// @throws TanrenException `SCRATCH_FULL` where the disk is full or cannot be written
    public void write(Function<String, MemorySegment> data, Path file) {
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            for (MemorySegment piece : pieces(data)) {
                for (long at = 0; at < piece.byteSize(); at += BLOCK) {
                    long length = Math.min(BLOCK, piece.byteSize() - at);
                    ByteBuffer block = piece.asSlice(at, length).asByteBuffer();
                    while (block.hasRemaining()) {
                        channel.write(block);
                    }
                }
            }
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "the safetensors file cannot be written: " + e.getMessage(),
                    file.toString(),
                    "Free space, or check the folder's permissions.",
                    e);
        }
    }

    private static void requireNames(List<TensorInfo> tensors) {
        Set<String> names = new HashSet<>();
        for (TensorInfo info : tensors) {
            if (info.name().equals("__metadata__") || !names.add(info.name())) {
                throw new IllegalArgumentException(
                        "tensor name reserved or given twice: " + info.name());
            }
        }
    }

    private static MemorySegment header(String json) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        long padded = Math.ceilDiv(text.length, 8) * 8L;
        if (padded > SafetensorsFile.HEADER_LIMIT) {
            throw SafetensorsFile.corrupt(
                    "the file to write", "", "its header would have " + padded + " bytes");
        }
        byte[] header = new byte[SafetensorsFile.LENGTH_BYTES + (int) padded];
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(text);
        java.util.Arrays.fill(
                header, SafetensorsFile.LENGTH_BYTES + text.length, header.length, (byte) ' ');
        return MemorySegment.ofArray(header);
    }

    private static void entry(StringBuilder json, TensorInfo info, long begin, long end) {
        quoted(json, info.name()).append(":{\"dtype\":\"").append(info.dtype()).append("\",");
        json.append("\"shape\":[");
        for (int i = 0; i < info.shape().size(); i++) {
            json.append(i == 0 ? "" : ",").append(info.shape().get(i));
        }
        json.append("],\"data_offsets\":[").append(begin).append(',').append(end).append("]},");
    }

    /// As the reference implementation's JSON library does it.
    private static StringBuilder quoted(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\b' -> json.append("\\b");
                case '\f' -> json.append("\\f");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < ' ') {
                        json.append("\\u00").append(c < 16 ? "0" : "1");
                        json.append(Character.forDigit(c & 15, 16));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        return json.append('"');
    }

    private static int compareUtf8(String left, String right) {
        return java.util.Arrays.compareUnsigned(
                left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
    }

    /// @param byteOffset of its first byte in the file
    public record Placed(TensorInfo info, long byteOffset) {}
}
