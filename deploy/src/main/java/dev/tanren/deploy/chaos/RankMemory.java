package dev.tanren.deploy.chaos;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The memory of another process of the same user, as Linux shows it in `/proc`.
///
/// @param process whose it is
record RankMemory(long process) {

    private static final int WINDOW = 8 << 20;

    private record Region(long from, long to) {}

    /// Where some bytes lie in what the process may write, at multiples of four.
    ///
    /// @throws UncheckedIOException where the system does not let its memory be read
    List<Long> find(byte[] wanted) {
        List<Long> found = new ArrayList<>();
        try (RandomAccessFile memory = new RandomAccessFile(file("mem").toFile(), "r")) {
            for (Region region : writable()) {
                find(memory, region, wanted, found);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static void find(
            RandomAccessFile memory, Region region, byte[] wanted, List<Long> found) {
        byte[] window = new byte[WINDOW];
        int first = ByteBuffer.wrap(wanted).getInt();
        for (long at = region.from; at < region.to; at += WINDOW - wanted.length) {
            int length = read(memory, at, window, (int) Math.min(WINDOW, region.to - at));
            ByteBuffer words = ByteBuffer.wrap(window);
            for (int i = 0; i + wanted.length <= length; i += Integer.BYTES) {
                if (words.getInt(i) == first
                        && Arrays.equals(window, i, i + wanted.length, wanted, 0, wanted.length)
                        && !found.contains(at + i)) {
                    found.add(at + i);
                }
            }
        }
    }

    /// @return how many bytes there are; 0 where the region has gone, or has nothing to be read
    private static int read(RandomAccessFile memory, long at, byte[] into, int length) {
        try {
            memory.seek(at);
            return Math.max(0, memory.read(into, 0, length));
        } catch (IOException gone) {
            return 0;
        }
    }

    private List<Region> writable() throws IOException {
        List<Region> regions = new ArrayList<>();
        for (String line : Files.readAllLines(file("maps"))) {
            String[] words = line.split(" +", 6);
            if (words[1].startsWith("rw-p")) {
                String[] ends = words[0].split("-", 2);
                regions.add(new Region(Long.parseLong(ends[0], 16), Long.parseLong(ends[1], 16)));
            }
        }
        return regions;
    }

    /// Changes one bit of a little-endian fp32 number.
    ///
    /// @param bit from 0, the last of the mantissa, to 31, the sign
    void flip(long address, int bit) {
        try (RandomAccessFile memory = new RandomAccessFile(file("mem").toFile(), "rw")) {
            long at = address + bit / Byte.SIZE;
            memory.seek(at);
            int old = memory.read();
            memory.seek(at);
            memory.write(old ^ 1 << bit % Byte.SIZE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path file(String name) {
        return Path.of("/proc", Long.toString(process), name);
    }
}
