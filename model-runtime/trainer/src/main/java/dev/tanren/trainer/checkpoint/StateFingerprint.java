package dev.tanren.trainer.checkpoint;

import dev.tanren.trainer.checkpoint.TrainingState.NamedTensor;
import dev.tanren.trainer.parameters.ComputeThreads;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// A number that differs wherever one bit of some tensors does.
///
/// It finds what happened to memory, at the speed of memory; it is no proof against people, which
/// the SHA-256 of a checkpoint is. Each part of a fixed size has its CRC-32C, and the number is the
/// sum of these, each times a power of an odd constant modulo 2⁶⁴: a single part that differs can
/// never cancel out. It does not depend on threads.
final class StateFingerprint {

    private static final long PART_BYTES = 4L << 20;
    private static final long ODD = 0x9E37_79B9_7F4A_7C15L;

    private StateFingerprint() {}

    static long of(List<NamedTensor> tensors) {
        List<MemorySegment> parts = new ArrayList<>();
        for (NamedTensor tensor : tensors) {
            MemorySegment bytes = tensor.bytes();
            for (long at = 0; at < bytes.byteSize(); at += PART_BYTES) {
                parts.add(bytes.asSlice(at, Math.min(PART_BYTES, bytes.byteSize() - at)));
            }
        }
        long[] checksums = new long[parts.size()];
        ComputeThreads.loop(
                parts.size(),
                1,
                (from, to) -> {
                    for (int i = (int) from; i < to; i++) {
                        CRC32C checksum = new CRC32C();
                        checksum.update(parts.get(i).asByteBuffer());
                        checksums[i] = checksum.getValue();
                    }
                });
        long fingerprint = 0;
        for (long checksum : checksums) {
            fingerprint = fingerprint * ODD + checksum;
        }
        return fingerprint;
    }
}
